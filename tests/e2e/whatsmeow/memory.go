// What the client keeps, in memory: Signal state, prekeys, the keys and versions of shared settings, who has which LID. It knows
// nothing of connections; what the tests do not need (contacts, chat settings) is kept by nobody.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

type version struct {
	number uint64
	hash   [128]byte
}

type memory struct {
	store.NoopStore
	lock       sync.Mutex
	identities map[string][32]byte
	sessions   map[string][]byte
	senderKeys map[[2]string][]byte
	preKeys    map[uint32]*keys.PreKey
	lastKey    uint32
	uploaded   uint32
	syncKeys   map[string]store.AppStateSyncKey
	latestSync string
	versions   map[string]version
	macs       map[[2]string][]byte
	lids       map[string]string
	phones     map[string]string
}

// newDevice makes a device that is linked to nobody yet.
func newDevice() *store.Device {
	kept := &memory{
		identities: map[string][32]byte{},
		sessions:   map[string][]byte{},
		senderKeys: map[[2]string][]byte{},
		preKeys:    map[uint32]*keys.PreKey{},
		syncKeys:   map[string]store.AppStateSyncKey{},
		versions:   map[string]version{},
		macs:       map[[2]string][]byte{},
		lids:       map[string]string{},
		phones:     map[string]string{},
	}
	device := &store.Device{
		NoiseKey:       keys.NewKeyPair(),
		IdentityKey:    keys.NewKeyPair(),
		RegistrationID: binary.BigEndian.Uint32(randomBytes(4)) & 0x3fff,
		AdvSecretKey:   randomBytes(32),
		Initialized:    true,
		Identities:     kept,
		Sessions:       kept,
		PreKeys:        kept,
		SenderKeys:     kept,
		AppStateKeys:   kept,
		AppState:       kept,
		Contacts:       kept,
		ChatSettings:   kept,
		MsgSecrets:     kept,
		PrivacyTokens:  kept,
		EventBuffer:    kept,
		LIDs:           kept,
		Container:      kept,
	}
	device.SignedPreKey = device.IdentityKey.CreateSignedPreKey(1)
	return device
}

func randomBytes(length int) []byte {
	bytes := make([]byte, length)
	_, _ = rand.Read(bytes)
	return bytes
}

func (m *memory) PutIdentity(_ context.Context, address string, key [32]byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.identities[address] = key
	return nil
}

func (m *memory) DeleteIdentity(_ context.Context, address string) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.identities, address)
	return nil
}

func (m *memory) DeleteAllIdentities(_ context.Context, user string) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for address := range m.identities {
		if strings.HasPrefix(address, user+":") {
			delete(m.identities, address)
		}
	}
	return nil
}

func (m *memory) IsTrustedIdentity(_ context.Context, address string, key [32]byte) (bool, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	known, found := m.identities[address]
	return !found || known == key, nil
}

func (m *memory) GetSession(_ context.Context, address string) ([]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.sessions[address], nil
}

func (m *memory) HasSession(_ context.Context, address string) (bool, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	_, found := m.sessions[address]
	return found, nil
}

func (m *memory) GetManySessions(_ context.Context, addresses []string) (map[string][]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	found := make(map[string][]byte, len(addresses))
	for _, address := range addresses {
		found[address] = m.sessions[address]
	}
	return found, nil
}

func (m *memory) PutSession(_ context.Context, address string, session []byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.sessions[address] = session
	return nil
}

func (m *memory) PutManySessions(_ context.Context, sessions map[string][]byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for address, session := range sessions {
		m.sessions[address] = session
	}
	return nil
}

func (m *memory) DeleteSession(_ context.Context, address string) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.sessions, address)
	return nil
}

func (m *memory) DeleteAllSessions(_ context.Context, user string) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for address := range m.sessions {
		if strings.HasPrefix(address, user+":") {
			delete(m.sessions, address)
		}
	}
	return nil
}

// What was kept under somebody's phone number is kept under the LID from now on.
func (m *memory) MigratePNToLID(_ context.Context, pn, lid types.JID) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	from, to := pn.SignalAddressUser()+":", lid.SignalAddressUser()+":"
	for address, session := range m.sessions {
		if device, found := strings.CutPrefix(address, from); found {
			m.sessions[to+device] = session
			delete(m.sessions, address)
		}
	}
	for address, key := range m.identities {
		if device, found := strings.CutPrefix(address, from); found {
			m.identities[to+device] = key
			delete(m.identities, address)
		}
	}
	for name, key := range m.senderKeys {
		if device, found := strings.CutPrefix(name[1], from); found {
			m.senderKeys[[2]string{name[0], to + device}] = key
			delete(m.senderKeys, name)
		}
	}
	return nil
}

func (m *memory) newPreKey() *keys.PreKey {
	m.lastKey++
	made := keys.NewPreKey(m.lastKey)
	m.preKeys[m.lastKey] = made
	return made
}

func (m *memory) GenOnePreKey(context.Context) (*keys.PreKey, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	made := m.newPreKey()
	m.uploaded = made.KeyID
	return made, nil
}

func (m *memory) GetOrGenPreKeys(_ context.Context, count uint32) ([]*keys.PreKey, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	var found []*keys.PreKey
	for id := m.uploaded + 1; id <= m.lastKey && uint32(len(found)) < count; id++ {
		if key := m.preKeys[id]; key != nil {
			found = append(found, key)
		}
	}
	for uint32(len(found)) < count {
		found = append(found, m.newPreKey())
	}
	return found, nil
}

func (m *memory) GetPreKey(_ context.Context, id uint32) (*keys.PreKey, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.preKeys[id], nil
}

func (m *memory) RemovePreKey(_ context.Context, id uint32) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.preKeys, id)
	return nil
}

func (m *memory) MarkPreKeysAsUploaded(_ context.Context, upTo uint32) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.uploaded = max(m.uploaded, upTo)
	return nil
}

func (m *memory) UploadedPreKeyCount(context.Context) (int, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	count := 0
	for id := range m.preKeys {
		if id <= m.uploaded {
			count++
		}
	}
	return count, nil
}

func (m *memory) PutSenderKey(_ context.Context, group, user string, session []byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.senderKeys[[2]string{group, user}] = session
	return nil
}

func (m *memory) GetSenderKey(_ context.Context, group, user string) ([]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.senderKeys[[2]string{group, user}], nil
}
