/** Edits → `sysctl -w NAME=VALUE`. */
import { unsayable, type Word } from '../../model/command.ts'
import type { SysctlEdit } from '../../model/edit.ts'

/** The name of an interface may have a `=`, where sysctl(8) ends the setting's name. */
export const sysctlWords = ({ name, value }: SysctlEdit): Word[] => [
  'sysctl',
  '-w',
  name.includes('=') ? unsayable('name') : `${name}=${value}`,
]
