// `doctor`: looks for what would hurt and says what to do about it, one line each.
import { examine, findingLine } from '../app/doctor.ts';
import { realPorts } from '../app/doctor-ports.ts';
import { enabledEndpoints } from '../app/network-sections.ts';
import { readConfig } from '../app/settings.ts';
import { exitCodes } from '../app/exit-codes.ts';
import type { Handler } from './handler.ts';

export const doctorCommand: Handler = async (command, path, { environment, say }) => {
  const config = readConfig(path, environment);
  const ports = realPorts(config, enabledEndpoints(config), command.quick);
  const sound = await examine(ports, (finding) => say(findingLine(finding)));
  return sound ? exitCodes.ok : exitCodes.found;
};
