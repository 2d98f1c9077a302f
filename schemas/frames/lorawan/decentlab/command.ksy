# A command for any Decentlab sensor: what it is to do, a parameter, and a checksum over both. Commands without a parameter have 0.
#
#   fairlead frame encode command.ksy '{"command":"set period + save","parameter":3600}'
meta:
  id: command
  title: Decentlab commands over LoRaWAN
  endian: be
seq:
  - { id: command, type: u2, enum: command }
  - { id: parameter, type: u2, -fairlead-write: 0 }
-fairlead:
  framing: { fixed: 6, checksum: { algorithm: crc-16/modbus } }
enums:
  command:
    0x0001: set period
    0x0002: set period + save
    0x0003: set dr
    0x0004: set dr + save
    0x0005: set adr on
    0x0006: set adr on + save
    0x0007: set adr off
    0x0008: set adr off + save
    0x0009: set dr_min
    0x000a: set dr_min + save
    0x000b: set dr_max
    0x000c: set dr_max + save
    0x000d: set pwridx_min
    0x000e: set pwridx_min + save
    0x000f: set pwridx_max
    0x0010: set pwridx_max + save
    0x0011: set send_period
    0x0012: set send_period + save
    0x0013: set join_period
    0x0014: set join_period + save
    0x0015: set pwridx
    0x0016: set pwridx + save
    0x0017: set linkcheck_period
    0x0018: set linkcheck_period + save
    0x0019: set linkcheck_tolerance
    0x001a: set linkcheck_tolerance + save
    0x001b: set linkcheck_limit
    0x001c: set linkcheck_limit + save
    0x001d: set port
    0x001e: set port + save
    0x0020: set param 0
    0x0021: set param 1
    0x0022: set param 2
    0x0023: set param 3
    0x0024: set param 4
    0x0025: set param 5
    0x0026: set param 6
    0x0027: set param 7
    0x0028: set param 8
    0x0029: set param 9
    0x002a: set param 10
    0x002b: set param 11
    0x002c: set param 12
    0x002d: set param 13
    0x002e: set param 14
    0x002f: set param 15
    0x0030: set param 0 + save
    0x0031: set param 1 + save
    0x0032: set param 2 + save
    0x0033: set param 3 + save
    0x0034: set param 4 + save
    0x0035: set param 5 + save
    0x0036: set param 6 + save
    0x0037: set param 7 + save
    0x0038: set param 8 + save
    0x0039: set param 9 + save
    0x003a: set param 10 + save
    0x003b: set param 11 + save
    0x003c: set param 12 + save
    0x003d: set param 13 + save
    0x003e: set param 14 + save
    0x003f: set param 15 + save
    0x0050: set sensor_period 0
    0x0051: set sensor_period 1
    0x0052: set sensor_period 2
    0x0053: set sensor_period 3
    0x0054: set sensor_period 4
    0x0055: set sensor_period 5
    0x0056: set sensor_period 6
    0x0057: set sensor_period 7
    0x0058: set sensor_period 8
    0x0059: set sensor_period 9
    0x0060: set sensor_period 0 + save
    0x0061: set sensor_period 1 + save
    0x0062: set sensor_period 2 + save
    0x0063: set sensor_period 3 + save
    0x0064: set sensor_period 4 + save
    0x0065: set sensor_period 5 + save
    0x0066: set sensor_period 6 + save
    0x0067: set sensor_period 7 + save
    0x0068: set sensor_period 8 + save
    0x0069: set sensor_period 9 + save
