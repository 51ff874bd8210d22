// Package cel evaluates the attribute mappings and conditions of workload identity pool providers,
// which are expressions in the Common Expression Language.
//
// They can use CEL's standard functions, extract, and the strings extension of cel-go, of which
// Google documents split, join and lowerAscii.
package cel
