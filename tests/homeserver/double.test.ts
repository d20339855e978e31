// The contract of homeservers, asked of the double.
import { homeserverContract } from './contract.ts';

homeserverContract('double', '12');
homeserverContract('double', '11');
