// How the client reaches the simulator: whatever host it asks for, the connection goes to the one address it was given.
package main

import (
	"errors"
	"net/http"
	"net/url"
)

// The library takes another address only as a client of Messenger, which leaves out what WhatsApp needs (the device's identity),
// so it keeps its own address and the transport leads it elsewhere.
type toSimulator struct {
	address *url.URL
	through http.RoundTripper
}

func (to toSimulator) RoundTrip(request *http.Request) (*http.Response, error) {
	led := request.Clone(request.Context())
	led.URL.Scheme = "http"
	led.URL.Host = to.address.Host
	led.URL.Path = to.address.Path
	led.Host = to.address.Host
	return to.through.RoundTrip(led)
}

type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no internet here")
}

// simulatorClient makes the HTTP client for `ws://127.0.0.1:PORT/ws/chat`. It heeds no proxy of the environment.
func simulatorClient(address string) (*http.Client, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: toSimulator{address: parsed, through: &http.Transport{}}}, nil
}

// noInternet makes the HTTP client for media: the simulator keeps none.
func noInternet() *http.Client {
	return &http.Client{Transport: nowhere{}}
}
