/** `net/ipv4/conf/eth0.100/rp_filter` → `net.ipv4.conf.eth0/100.rp_filter`, as sysctl itself prints it. */
export const dotted = (key: string): string =>
  /^\w+\//.test(key) ? key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.')) : key
