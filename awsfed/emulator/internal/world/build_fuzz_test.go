package world_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/world"
)

// A file with faults is built as far as it goes, so that all of them are found.
func FuzzBuild(f *testing.F) {
	example, err := os.ReadFile("../../example.yaml")
	require.NoError(f, err)
	f.Add(example)
	f.Add([]byte("{aws: {accounts: [{}], ec2_role: ''}, google: {pools: [{providers: [{aws: {}}, {oidc: {}}, {}]}], service_accounts: [{}]}}"))
	f.Add([]byte("google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_condition: a.b('c')[d] ? 1 : {}}]}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cloud, err := world.Build(data, nil)
		assert.Equal(t, err == nil, cloud != nil)
	})
}
