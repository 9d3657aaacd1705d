/** `10.0.0.1:80`, `[2001:db8::1]:80`, `10.0.0.1`, `?`. */
export function describeEnd(address: string | number | undefined, port: string | number | undefined): string {
  if (address === undefined) return '?'
  if (port === undefined) return String(address)
  return String(address).includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
