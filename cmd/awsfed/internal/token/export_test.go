package token

// CacheKey is cacheKey.
var CacheKey = cacheKey
