/** Sysctls that an interface has by itself, and one for all of them. */
import type { Host } from '../model/host.ts'

/** sysctl(8) prints a dot in an interface's name as a slash. */
export const sysctlName = (device: string): string => device.replaceAll('.', '/')

/** Of IPv4: what is set for all, and for this interface; undefined: not listed. Which of the two counts, each setting says. */
export const settingsOf = (
  { sysctls }: Pick<Host, 'sysctls'>,
  device: string,
  name: string,
): [all: string | undefined, own: string | undefined] => [
  sysctls?.get(`net.ipv4.conf.all.${name}`),
  sysctls?.get(`net.ipv4.conf.${sysctlName(device)}.${name}`),
]
