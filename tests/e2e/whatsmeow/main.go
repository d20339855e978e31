// A WhatsApp client of another hand (whatsmeow), worked by JSON lines: a command on each line of standard input, its answer and
// whatever happens on standard output, what the library says on standard error. It trusts the root key it is given, and checks
// certificates as strictly as ever.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// Answers are waited for so long; a command that has none by then has failed.
const limit = 20 * time.Second

type command struct {
	Number  int    `json:"number"`
	Do      string `json:"do"`
	URL     string `json:"url"`
	RootKey string `json:"rootKey"`
	Chat    string `json:"chat"`
	// Who wrote the message that the command is about; nobody is the client itself.
	Sender string `json:"sender"`
	// The message that the command is about.
	ID   string `json:"id"`
	Text string `json:"text"`
	// Addresses of people, or of groups.
	People []string `json:"people"`
	// What a new group is.
	Kinds []string `json:"kinds"`
	On    bool     `json:"on"`
}

type fields map[string]any

var (
	output  sync.Mutex
	answers = os.Stdout
	client  *whatsmeow.Client
)

func say(what fields) {
	line, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Fprintln(answers, string(line))
}

func main() {
	// The Signal library writes its errors to standard output, which is for answers.
	os.Stdout = os.Stderr
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked command
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			say(fields{"event": "garbled", "error": err.Error()})
			continue
		}
		id, err := obey(asked)
		answer := fields{"answer": asked.Number, "id": id}
		if err != nil {
			answer["error"] = err.Error()
		}
		say(answer)
	}
	if client != nil {
		client.Disconnect()
	}
}

func obey(asked command) (string, error) {
	if asked.Do == "open" {
		return "", open(asked)
	}
	if client == nil {
		return "", errors.New("nothing is open")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	switch asked.Do {
	case "connect":
		return "", client.Connect()
	case "disconnect":
		client.Disconnect()
		return "", nil
	case "available":
		return "", client.SendPresence(ctx, types.PresenceAvailable)
	}
	if answer, known, err := obeyAboutGroups(ctx, asked); known {
		return answer, err
	}
	chat, err := types.ParseJID(asked.Chat)
	if err != nil {
		return "", err
	}
	var sender types.JID
	if asked.Sender != "" {
		if sender, err = types.ParseJID(asked.Sender); err != nil {
			return "", err
		}
	}
	text := &waE2E.Message{Conversation: proto.String(asked.Text)}
	switch asked.Do {
	case "text":
		return send(ctx, chat, text)
	case "react":
		return send(ctx, chat, client.BuildReaction(chat, sender, asked.ID, asked.Text))
	case "edit":
		return send(ctx, chat, client.BuildEdit(chat, asked.ID, text))
	case "revoke":
		return send(ctx, chat, client.BuildRevoke(chat, sender, asked.ID))
	case "read":
		return "", client.MarkRead(ctx, []types.MessageID{asked.ID}, time.Now(), chat, sender)
	case "picture":
		info, err := client.GetProfilePictureInfo(ctx, chat, nil)
		if err != nil {
			return "", err
		}
		return info.ID + " " + info.URL, nil
	case "set-picture":
		if asked.Text == "" {
			return client.SetGroupPhoto(ctx, chat, nil)
		}
		picture, err := base64.StdEncoding.DecodeString(asked.Text)
		if err != nil {
			return "", err
		}
		return client.SetGroupPhoto(ctx, chat, picture)
	}
	return obeyInGroup(ctx, chat, asked)
}

func send(ctx context.Context, chat types.JID, message *waE2E.Message) (string, error) {
	sent, err := client.SendMessage(ctx, chat, message)
	return sent.ID, err
}

// open makes a client that is linked to nobody; `connect` takes it to the simulator.
func open(asked command) error {
	key, err := hex.DecodeString(asked.RootKey)
	if err != nil || len(key) != len(whatsmeow.WACertPubKey) {
		return errors.New("the root key is not 32 bytes in hex")
	}
	leading, err := simulatorClient(asked.URL)
	if err != nil {
		return err
	}
	if client != nil {
		client.Disconnect()
	}
	copy(whatsmeow.WACertPubKey[:], key)
	client = whatsmeow.NewClient(newDevice(), toStandardError{name: "client"})
	client.SetPreLoginHTTPClient(leading)
	client.SetWebsocketHTTPClient(leading)
	client.SetMediaHTTPClient(noInternet())
	client.EmitAppStateEventsOnFullSync = true
	client.AddEventHandler(told)
	return nil
}

// toStandardError is the library's log, from warnings upwards: standard output is for answers.
type toStandardError struct{ name string }

func (to toStandardError) write(level, text string, rest []any) {
	fmt.Fprintf(os.Stderr, "%s %s: %s\n", level, to.name, fmt.Sprintf(text, rest...))
}

func (to toStandardError) Warnf(text string, rest ...any)  { to.write("warning", text, rest) }
func (to toStandardError) Errorf(text string, rest ...any) { to.write("error", text, rest) }
func (to toStandardError) Infof(string, ...any)            {}
func (to toStandardError) Debugf(string, ...any)           {}
func (to toStandardError) Sub(module string) waLog.Logger {
	return toStandardError{to.name + "/" + module}
}
