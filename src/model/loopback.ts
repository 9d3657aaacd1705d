/** An address of 127.0.0.0/8, or ::1: what is sent to it stays on this host. Of a network, its first address. */
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'
