// The contract of homeservers, asked of a real Synapse.
import { homeserverContract } from '../../homeserver/contract.ts';

homeserverContract('synapse', '12');
homeserverContract('synapse', '11');
