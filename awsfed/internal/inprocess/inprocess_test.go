package inprocess_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

func TestAHandlerSeesARequestAsFromTheWire(t *testing.T) {
	client := &http.Client{Transport: inprocess.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.Header().Set("X-Seen", fmt.Sprint(r.Host, " ", r.URL.Host, " ", r.Header.Get("X-Spaces"), " ", r.ContentLength))
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // the first one counts
		_, _ = w.Write(body)
	})}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sts.amazonaws.com/?a=b", strings.NewReader("hello"))
	require.NoError(t, err)
	r.Header.Set("X-Spaces", "  trimmed  ")
	response, err := client.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(body))
	assert.Equal(t, "418 I'm a teapot", response.Status)
	assert.Equal(t, "sts.amazonaws.com  trimmed 5", response.Header.Get("X-Seen"))
}

func TestARequestThatHasEndedIsNotServed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://sts.amazonaws.com/", nil)
	require.NoError(t, err)
	_, err = inprocess.Transport{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("served")
	})}.RoundTrip(r)
	require.ErrorIs(t, err, context.Canceled)
}

func TestACutAnswerEndsHalfway(t *testing.T) {
	a := inprocess.NewAnswer()
	a.Cut = true
	_, err := a.Write([]byte("0123456789"))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sts.amazonaws.com/", nil)
	require.NoError(t, err)
	response := a.Response(r)
	body, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "01234", string(body))
	assert.EqualValues(t, 10, response.ContentLength)
}
