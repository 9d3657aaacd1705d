/** What is asked of nfnetlink_log, as bytes: a netlink message in the host's order with attributes in network order. */

const NFULNL_MSG_CONFIG = 0x0401
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const HEADS = 20
// enum nfulnl_attr_config
const NFULA_CFG_CMD = 1
const NFULA_CFG_MODE = 2
const NFULA_CFG_NLBUFSIZ = 3
const NFULA_CFG_TIMEOUT = 4
const NFULA_CFG_QTHRESH = 5
const NFULA_CFG_FLAGS = 6
const CMD_BIND = 1
const CMD_UNBIND = 2
const COPY_PACKET = 2
const FLAG_SEQ = 1

/** Of each packet; readers look at no more (src/read/captures/nflog/record.ts). */
const COPIED_BYTES = 512
/** The kernel hands over so many records at once, or what there is after 10 ms. */
const QUEUED = 64
const TIMEOUT_10_MS = 1
/** Bytes handed over at once; with what the kernel keeps behind them, one block of 16 kB. */
const DATAGRAM = 15_872

/** Binds the group and sets it up in one: packets are copied, and each record has a number, from 0 on. */
export const bindRequest = (group: number): Uint8Array<ArrayBuffer> =>
  request(group, [
    [NFULA_CFG_CMD, [CMD_BIND]],
    [NFULA_CFG_MODE, [...be32(COPIED_BYTES), COPY_PACKET, 0]],
    [NFULA_CFG_NLBUFSIZ, be32(DATAGRAM)],
    [NFULA_CFG_TIMEOUT, be32(TIMEOUT_10_MS)],
    [NFULA_CFG_QTHRESH, be32(QUEUED)],
    [NFULA_CFG_FLAGS, [0, FLAG_SEQ]],
  ])

/** The kernel hands over what it holds back, and sends no more. */
export const unbindRequest = (group: number): Uint8Array<ArrayBuffer> => request(group, [[NFULA_CFG_CMD, [CMD_UNBIND]]])

type Attribute = readonly [type: number, value: readonly number[]]

function request(group: number, attributes: readonly Attribute[]): Uint8Array<ArrayBuffer> {
  const length = attributes.reduce((sum, [, value]) => sum + ((4 + value.length + 3) & ~3), HEADS)
  const bytes = new Uint8Array(new ArrayBuffer(length))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, true)
  view.setUint16(4, NFULNL_MSG_CONFIG, true)
  view.setUint16(6, NLM_F_REQUEST | NLM_F_ACK, true)
  // nfgenmsg: of no family, version 0, the group in network order
  view.setUint16(18, group)
  let at = HEADS
  for (const [type, value] of attributes) {
    view.setUint16(at, 4 + value.length, true)
    view.setUint16(at + 2, type, true)
    bytes.set(value, at + 4)
    at += (4 + value.length + 3) & ~3
  }
  return bytes
}

const be32 = (value: number): number[] => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
