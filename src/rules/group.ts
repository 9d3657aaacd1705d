/** The number of an interface group; undefined for a name that only the host's /etc/iproute2/group knows. */
export function groupNumber(group: string | undefined): number | undefined {
  if (group === 'default') return 0
  return group !== undefined && /^\d+$/.test(group) ? Number(group) : undefined
}
