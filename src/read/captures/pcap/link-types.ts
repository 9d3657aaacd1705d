/** Names of link types, for telling what a capture has instead (https://www.tcpdump.org/linktypes.html). */
export const NFLOG = 239
export const NETLINK = 253

const NAMES: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'ETHERNET',
  9: 'PPP',
  12: 'RAW',
  14: 'RAW',
  101: 'RAW',
  105: 'IEEE802_11',
  108: 'LOOP',
  113: 'LINUX_SLL',
  127: 'IEEE802_11_RADIOTAP',
  189: 'USB_LINUX',
  201: 'BLUETOOTH_HCI_H4_WITH_PHDR',
  220: 'USB_LINUX_MMAPPED',
  228: 'IPV4',
  229: 'IPV6',
  253: 'NETLINK',
  276: 'LINUX_SLL2',
}

/** `ETHERNET (1)`. */
export const linkTypeText = (number: number): string =>
  NAMES[number] === undefined ? `number ${number}` : `${NAMES[number]} (${number})`
