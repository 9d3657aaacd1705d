/** Milliseconds of processor time that this process has used: a busy machine's clock runs on meanwhile, and this does not. */
export function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
