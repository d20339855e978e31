// The rest of what the client keeps in memory: shared settings, and which LID belongs to which number.
package main

import (
	"context"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

func (m *memory) PutAppStateSyncKey(_ context.Context, id []byte, key store.AppStateSyncKey) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.syncKeys[string(id)] = key
	if m.latestSync == "" || key.Timestamp >= m.syncKeys[m.latestSync].Timestamp {
		m.latestSync = string(id)
	}
	return nil
}

func (m *memory) GetAppStateSyncKey(_ context.Context, id []byte) (*store.AppStateSyncKey, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if key, found := m.syncKeys[string(id)]; found {
		return &key, nil
	}
	return nil, nil
}

func (m *memory) GetLatestAppStateSyncKeyID(context.Context) ([]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.latestSync == "" {
		return nil, nil
	}
	return []byte(m.latestSync), nil
}

func (m *memory) PutAppStateVersion(_ context.Context, name string, number uint64, hash [128]byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.versions[name] = version{number, hash}
	return nil
}

func (m *memory) GetAppStateVersion(_ context.Context, name string) (uint64, [128]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.versions[name].number, m.versions[name].hash, nil
}

func (m *memory) DeleteAppStateVersion(_ context.Context, name string) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.versions, name)
	for key := range m.macs {
		if key[0] == name {
			delete(m.macs, key)
		}
	}
	return nil
}

func (m *memory) PutAppStateMutationMACs(
	_ context.Context, name string, _ uint64, mutations []store.AppStateMutationMAC,
) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, one := range mutations {
		m.macs[[2]string{name, string(one.IndexMAC)}] = one.ValueMAC
	}
	return nil
}

func (m *memory) DeleteAppStateMutationMACs(_ context.Context, name string, indexes [][]byte) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, index := range indexes {
		delete(m.macs, [2]string{name, string(index)})
	}
	return nil
}

func (m *memory) GetAppStateMutationMAC(_ context.Context, name string, index []byte) ([]byte, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.macs[[2]string{name, string(index)}], nil
}

func (m *memory) PutLIDMapping(ctx context.Context, lid, pn types.JID) error {
	return m.PutManyLIDMappings(ctx, []store.LIDMapping{{LID: lid, PN: pn}})
}

func (m *memory) PutManyLIDMappings(_ context.Context, mappings []store.LIDMapping) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, one := range mappings {
		m.lids[one.PN.User] = one.LID.User
		m.phones[one.LID.User] = one.PN.User
	}
	return nil
}

func (m *memory) GetLIDForPN(_ context.Context, pn types.JID) (types.JID, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	lid, found := m.lids[pn.User]
	if !found || pn.Server != types.DefaultUserServer {
		return types.JID{}, nil
	}
	return types.JID{User: lid, Device: pn.Device, Server: types.HiddenUserServer}, nil
}

func (m *memory) GetPNForLID(_ context.Context, lid types.JID) (types.JID, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	phone, found := m.phones[lid.User]
	if !found || lid.Server != types.HiddenUserServer {
		return types.JID{}, nil
	}
	return types.JID{User: phone, Device: lid.Device, Server: types.DefaultUserServer}, nil
}

func (m *memory) GetManyLIDsForPNs(ctx context.Context, pns []types.JID) (map[types.JID]types.JID, error) {
	found := make(map[types.JID]types.JID, len(pns))
	for _, pn := range pns {
		if lid, err := m.GetLIDForPN(ctx, pn); err == nil && !lid.IsEmpty() {
			found[pn] = lid
		}
	}
	return found, nil
}
