package awsfed

import "context"

// NearbySources are the URLs near this machine that the chain of cfg may ask. No test can let it
// ask them.
func NearbySources(ctx context.Context, cfg Config) ([]string, error) {
	chain, err := loadAWSChain(ctx, cfg.withDefaults())
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, u := range chain.nearby {
		urls = append(urls, u.String())
	}
	return urls, nil
}
