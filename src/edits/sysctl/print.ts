/** Edits → `sysctl -w NAME=VALUE`. */
import type { SysctlEdit } from '../../model/edit.ts'

export const sysctlWords = ({ name, value }: SysctlEdit): string[] => ['sysctl', '-w', `${name}=${value}`]
