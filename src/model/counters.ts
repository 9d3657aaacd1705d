export interface Counters {
  packets: number
  bytes: number
}
