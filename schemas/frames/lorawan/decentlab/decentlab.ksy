# What all Decentlab sensors have in common: a head with the device's number and one bit for each group of readings that follows, in
# order of the bits. A model is a file of its own with its groups, as 16-bit words x[0], x[1] …, and the formula of each reading
# in these.
meta:
  id: decentlab
  title: Decentlab sensors over LoRaWAN
  endian: be
seq:
  - { id: protocol_version, type: u1, valid: 2 }
  - { id: device_id, type: u2 }
  - { id: flags, type: u2, -fairlead-omit: true }
types:
  battery:
    seq: [{ id: x, type: u2 }]
    -fairlead-emit:
      battery_voltage: { displayName: '"Battery voltage"', value: x / 1000.0, unit: '"V"' }
