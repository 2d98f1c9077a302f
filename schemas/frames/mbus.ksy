meta:
  id: mbus
  title: M-Bus, readings of meters
  endian: le
  encoding: ISO-8859-1
doc: |
  The wired meter bus (EN 13757-2, EN 13757-3), as a level converter or a gateway of its own passes it on: a single
  byte E5 (taken), a short frame of five bytes, and the long frames that meters answer with,

    68 L L 68 | C A CI | L - 3 bytes | sum | 16

  with the variable data structure (CI 72; records of function, storage, unit and value) or the fixed one (CI 73; two
  counters). Only these are messages. A meter's report that it cannot answer (CI 70) and other frames of the bus are
  refused by their CI.

  Values are in whole units, whatever power of ten the meter counts in: Wh, J, m3, kg, W, m3/h, Cel, bar, s (of
  durations), V, A. Dates and times are texts as the meter's own clock has them.

  A record's VIF says what is measured: "code" is it without its extension bit, "table" FD or FB where a further byte
  is meant. To name another quantity, add its code to the enum of its table below; where it has a unit and a power of
  ten, add those beside it in "unit" and "exponent".
seq:
  - id: start
    type: u1
    enum: start
    valid: { in-enum: true }
  - id: short
    type: short
    if: start == start::short
  - id: long
    type: long
    if: start == start::long
enums:
  start:
    0xe5: taken
    0x10: short
    0x68: long
  answer:
    0x72: variable
    0x73: fixed
  function:
    0: instantaneous
    1: maximum
    2: minimum
    3: error
  medium:
    0x00: other
    0x01: oil
    0x02: electricity
    0x03: gas
    0x04: heat_outlet
    0x05: steam
    0x06: warm_water
    0x07: water
    0x08: heat_cost_allocator
    0x09: compressed_air
    0x0a: cooling_outlet
    0x0b: cooling_inlet
    0x0c: heat_inlet
    0x0d: heat_and_cooling
    0x0e: bus
    0x0f: unknown
    0x15: hot_water
    0x16: cold_water
    0x17: dual_water
    0x18: pressure
    0x19: converter
    0x1a: smoke_detector
    0x1b: room_sensor
    0x1c: gas_detector
    0x20: breaker
    0x21: valve
    0x28: waste_water
    0x29: garbage
    0x36: radio_converter
  quantity:
    0x00: energy
    0x08: energy
    0x10: volume
    0x18: mass
    0x20: on_time
    0x24: operating_time
    0x28: power
    0x30: power
    0x38: volume_flow
    0x40: volume_flow
    0x48: volume_flow
    0x50: mass_flow
    0x58: flow_temperature
    0x5c: return_temperature
    0x60: temperature_difference
    0x64: external_temperature
    0x68: pressure
    0x6c: date
    0x6d: time
    0x6e: heat_cost_units
    0x70: averaging_duration
    0x74: actuality_duration
    0x78: fabrication_number
    0x79: identification
    0x7a: bus_address
    0x7c: as_text
    0x7f: of_manufacturer
  quantity_fd:
    0x00: credit
    0x04: debit
    0x08: access_number
    0x09: medium
    0x0a: manufacturer
    0x0b: parameter_set
    0x0c: model
    0x0d: hardware_version
    0x0e: firmware_version
    0x0f: software_version
    0x10: customer_location
    0x11: customer
    0x17: error_flags
    0x18: error_mask
    0x1a: digital_output
    0x1b: digital_input
    0x1c: baud_rate
    0x1d: response_delay
    0x1e: retries
    0x20: first_storage
    0x21: last_storage
    0x22: storage_block
    0x24: storage_interval
    0x2c: since_readout
    0x30: tariff_start
    0x34: tariff_period
    0x3a: dimensionless
    0x40: voltage
    0x50: current
    0x60: resets
    0x61: cumulations
    0x62: control_signal
    0x63: day_of_week
    0x64: week
    0x66: parameter_activation
    0x67: supplier_information
    0x6c: battery_operating_time
    0x70: battery_changed
  quantity_fb:
    0x00: energy
    0x08: energy
    0x10: volume
    0x18: mass
    0x28: power
    0x30: power
    0x74: temperature_limit
    0x78: cumulated_power
types:
  short:
    doc: What a master asks.
    seq:
      - { id: control, type: u1 }
      - { id: address, type: u1 }
      - { id: sum, type: u1 }
      - contents: [0x16]
  long:
    seq:
      - { id: length, type: u1, valid: { min: 3 } }
      - { id: length_again, type: u1, valid: length, -fairlead-omit: true }
      - contents: [0x68]
      - { id: control, type: u1 }
      - { id: address, type: u1 }
      - { id: information, type: u1, enum: answer, valid: { in-enum: true } }
      - id: body
        size: length - 3
        type:
          switch-on: information
          cases:
            'answer::variable': variable
            'answer::fixed': fixed
      - { id: sum, type: u1 }
      - contents: [0x16]

  # ---- the variable data structure ----

  variable:
    seq:
      - { id: identification, type: bcd(4), -fairlead-omit: true }
      - { id: maker, type: u2, -fairlead-omit: true }
      - { id: version, type: u1 }
      - { id: medium, type: u1, enum: medium }
      - { id: access, type: u1 }
      - { id: status, type: u1 }
      - { id: signature, type: u2 }
      - { id: records, type: record, repeat: eos }
    instances:
      id:
        value: '(100000000 + identification.n).to_s.substring(1, 9)'
      manufacturer:
        doc: Three letters of five bits.
        value: >-
          "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_".substring(maker >> 10 & 31, (maker >> 10 & 31) + 1) +
          "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_".substring(maker >> 5 & 31, (maker >> 5 & 31) + 1) +
          "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_".substring(maker & 31, (maker & 31) + 1)
  record:
    -fairlead-optional: true
    seq:
      - { id: dif, type: u1, -fairlead-omit: true }
      - id: difes
        type: dife(_index)
        repeat: until
        repeat-until: _.byte < 0x80
        if: dif >= 0x80
        -fairlead-omit: true
      - { id: vif, type: u1, if: not special }
      - { id: name, type: name, if: not special and (vif & 0x7f) == 0x7c, -fairlead-omit: true }
      - id: vifes
        type: vife(_index)
        repeat: until
        repeat-until: _.byte < 0x80
        if: not special and vif >= 0x80
        -fairlead-omit: true
      - id: data
        -fairlead-omit: true
        type:
          switch-on: format
          cases:
            1: whole_1
            2: whole_2
            3: whole_3
            4: whole_4
            5: real
            6: whole_6
            7: whole_8
            9: bcd(1)
            10: bcd(2)
            11: bcd(3)
            12: bcd(4)
            13: variable_length
            14: bcd(6)
            16: date
            17: time_4
            18: time_6
        if: not special
      - id: of_manufacturer
        size-eos: true
        if: dif == 0x0f or dif == 0x1f
    instances:
      special:
        doc: What the manufacturer says in its own way (0F, 1F), and filling bytes (2F and their kind).
        value: (dif & 0x0f) == 0x0f
        -fairlead-omit: true
      more_follows: { value: true, if: dif == 0x1f }
      table: { value: 'vif == 0xfd or vif == 0xfb ? vif : 0', -fairlead-omit: true }
      code: { value: '(table == 0 ? vif : vifes[0].byte) & 0x7f', -fairlead-omit: true }
      format:
        value: >-
          table == 0 and code == 0x6c and (dif & 15) == 2 ? 16 : table == 0 and code == 0x6d and (dif & 15) == 4 ? 17 :
          table == 0 and code == 0x6d and (dif & 15) == 6 ? 18 : dif & 15
        -fairlead-omit: true
      function: { value: dif >> 4 & 3, enum: function, if: not special }
      storage: { value: '(dif >> 6 & 1) + (dif >= 0x80 ? difes.last.storage : 0)', if: not special }
      tariff: { value: difes.last.tariff, if: not special }
      subunit: { value: difes.last.subunit, if: not special }
      kind:
        doc: The first code of its range.
        value: 'code < 0x20 or code > 0x27 and code < 0x58 ? code & 0x78 : code < 0x6c or code > 0x6f and code < 0x78 ? code & 0x7c : code'
        enum: quantity
        valid: { in-enum: true }
        if: not special and table == 0
        -fairlead-omit: true
      kind_fd:
        value: >-
          code > 0x3f and code < 0x60 ? code & 0x70 : code < 8 or code > 0x23 and code < 0x28 or
          code > 0x2b and code < 0x30 or code > 0x33 and code < 0x38 or code > 0x6b and code < 0x70 ? code & 0x7c : code
        enum: quantity_fd
        valid: { in-enum: true }
        if: not special and table == 0xfd
        -fairlead-omit: true
      kind_fb:
        value: 'code < 0x34 ? code & 0x7e : code < 0x78 ? code & 0x7c : code & 0x78'
        enum: quantity_fb
        valid: { in-enum: true }
        if: not special and table == 0xfb
        -fairlead-omit: true
      quantity:
        value: 'table == 0 ? kind : table == 0xfd ? kind_fd : kind_fb'
        if: not special
      unit:
        value: >-
          code == 0x7c and table == 0 ? name.text :
          table == 0xfd ? code < 0x24 ? "" : code < 0x28 or code > 0x2b and code < 0x30 ? "s" : code < 0x40 ? "" :
          code < 0x50 ? "V" : code < 0x60 ? "A" : "" :
          table == 0xfb ? code < 2 ? "Wh" : code > 7 and code < 10 ? "J" : code > 15 and code < 18 ? "m3" :
          code > 23 and code < 26 ? "kg" : code > 0x27 and code < 0x2a ? "W" : code > 0x2f and code < 0x32 ? "J/h" :
          code > 0x73 and code < 0x78 ? "Cel" : code > 0x77 ? "W" : "" :
          code < 0x60 ? ["Wh", "J", "m3", "kg", "s", "W", "J/h", "m3/h", "m3/min", "m3/s", "kg/h", "Cel"][code >> 3] :
          code < 0x64 ? "K" : code < 0x68 ? "Cel" : code < 0x6c ? "bar" : code > 0x6f and code < 0x78 ? "s" : ""
        valid: { expr: _.length > 0 }
        if: not special
      exponent:
        doc: The power of ten of one step.
        value: >-
          (table == 0xfd ? code < 8 ? (code & 3) - 3 : code > 0x3f and code < 0x50 ? (code & 15) - 9 :
          code > 0x4f and code < 0x60 ? (code & 15) - 12 : 0 :
          table == 0xfb ? code < 2 ? code + 5 : code > 7 and code < 10 ? code : code > 15 and code < 18 ? code - 14 :
          code > 23 and code < 26 ? code - 19 : code > 0x27 and code < 0x2a ? code - 0x23 :
          code > 0x2f and code < 0x32 ? code - 0x28 : code > 0x73 and code < 0x78 ? (code & 3) - 3 :
          code > 0x77 ? (code & 7) - 3 : 0 :
          code < 0x58 ? [-3, 0, -6, -3, 0, -3, 0, -6, -7, -9, -3][code >> 3] + (code >> 3 == 4 ? 0 : code & 7) :
          code < 0x6c ? (code & 3) - 3 : 0) + (vif >= 0x80 ? vifes.last.exponent : 0)
        -fairlead-omit: true
      duration:
        doc: Seconds, minutes, hours or days.
        value: >-
          table == 0 and (code >> 3 == 4 or code >> 3 == 14) or
          table == 0xfd and (code > 0x23 and code < 0x28 or code > 0x2b and code < 0x30) ?
          [1, 60, 3600, 86400][code & 3] : 1
        -fairlead-omit: true
      scaled:
        value: >-
          exponent == 0 ? data.n * duration : exponent < 0 ? data.n / (("1" + "000000000000000000".substring(0, -exponent)).to_i * 1.0) :
          data.n * ("1" + "000000000000000000".substring(0, exponent)).to_i
        -fairlead-omit: true
      plain: { value: data.text, if: format >= 13, -fairlead-omit: true }
      value:
        value: 'format >= 16 or format == 13 and data.is_text ? plain : scaled'
        if: not special
  dife:
    doc: Four bits more of the storage's number, two of the tariff's, one of the unit's within the meter.
    params: [{ id: at, type: u1 }]
    seq:
      - { id: byte, type: u1, valid: { expr: at < 10 } }
    instances:
      storage: { value: '((byte & 15) << 1 + 4 * at) + (at > 0 ? _parent.difes[at - 1].storage : 0)' }
      tariff: { value: '((byte >> 4 & 3) << 2 * at) + (at > 0 ? _parent.difes[at - 1].tariff : 0)' }
      subunit: { value: '((byte >> 6 & 1) << at) + (at > 0 ? _parent.difes[at - 1].subunit : 0)' }
  vife:
    doc: The code where the VIF is FD or FB; then what changes the value, of which powers of ten are understood.
    params: [{ id: at, type: u1 }]
    seq:
      - { id: byte, type: u1, valid: { expr: at < 10 } }
    instances:
      exponent:
        value: >-
          (at == 0 and _parent.table != 0 ? 0 : (byte & 0x78) == 0x70 ? (byte & 7) - 6 : (byte & 0x7f) == 0x7d ? 3 : 0) +
          (at > 0 ? _parent.vifes[at - 1].exponent : 0)
  name:
    doc: A unit that the meter spells, last letter first.
    seq:
      - { id: length, type: u1 }
      - { id: backwards, type: str, size: length }
    instances:
      text: { value: backwards.reverse }
  whole_1: { seq: [{ id: n, type: s1 }] }
  whole_2: { seq: [{ id: n, type: s2 }] }
  whole_3:
    seq: [{ id: low, type: u2 }, { id: high, type: s1 }]
    instances: { n: { value: high * 65536 + low } }
  whole_4: { seq: [{ id: n, type: s4 }] }
  whole_6:
    seq: [{ id: low, type: u4 }, { id: high, type: s2 }]
    instances: { n: { value: high * 4294967296 + low } }
  whole_8: { seq: [{ id: n, type: s8 }] }
  real:
    doc: One that is no number is what a meter says of what it does not know.
    seq: [{ id: float, type: f4 }]
    instances: { n: { value: float, valid: { expr: _ - _ == 0 } } }
  bcd:
    doc: Two decimal digits a byte, the lowest first; F in front is a minus.
    params: [{ id: length, type: u1 }]
    seq:
      - { id: pairs, type: pair(_index), repeat: expr, repeat-expr: length }
    instances:
      n: { value: 'length == 0 ? 0 : pairs.last.byte >= 0xf0 ? -pairs.last.sum : pairs.last.sum' }
    types:
      pair:
        params: [{ id: at, type: u1 }]
        seq: [{ id: byte, type: u1 }]
        instances:
          low: { value: byte & 15, valid: { max: 9 } }
          high: { value: 'at == _parent.length - 1 and byte >= 0xf0 ? 0 : byte >> 4', valid: { max: 9 } }
          sum:
            value: '(high * 10 + low) * ("1" + "0000000000000000000".substring(0, 2 * at)).to_i + (at > 0 ? _parent.pairs[at - 1].sum : 0)'
  variable_length:
    seq:
      - { id: length, type: u1 }
      - { id: backwards, type: str, size: length, if: length < 0xc0 }
      - { id: positive, type: bcd(length & 15), if: length >= 0xc0 and length < 0xd0 }
      - { id: negative, type: bcd(length & 15), if: length >= 0xd0 and length < 0xe0 }
      - { id: bytes, size: length - 0xe0, if: length >= 0xe0 and length < 0xf0 }
      - { id: reserved, size: 0, if: length >= 0xf0, valid: { expr: length < 0xf0 } }
    instances:
      is_text: { value: length < 0xc0 or length >= 0xe0 }
      text: { value: 'length < 0xc0 ? backwards.reverse : "0".substring(1, 2)', if: length < 0xe0 }
      n: { value: 'length < 0xd0 ? positive.n : -negative.n' }
  date:
    seq: [{ id: low, type: u1 }, { id: high, type: u1 }]
    instances:
      text:
        value: >-
          f"{2000 + (high >> 4 << 3 | low >> 5)}-{(100 + (high & 15)).to_s.substring(1, 3)}-{(100 + (low & 31)).to_s.substring(1, 3)}"
        valid: { expr: month > 0 and month < 13 and (low & 31) > 0 and (low & 31) <= days and (high >> 4 << 3 | low >> 5) < 100 }
      month: { value: high & 15 }
      days: { value: 'month == 2 ? (low >> 5 & 3) == 0 ? 29 : 28 : month == 4 or month == 6 or month == 9 or month == 11 ? 30 : 31' }
  time_4:
    seq: [{ id: minute, type: u1 }, { id: hour, type: u1 }, { id: date, type: date }]
    instances:
      text:
        value: >-
          f"{date.text}T{(100 + (hour & 31)).to_s.substring(1, 3)}:{(100 + (minute & 63)).to_s.substring(1, 3)}:00"
        valid: { expr: minute < 0x80 and (minute & 63) < 60 and (hour & 31) < 24 }
  time_6:
    seq: [{ id: second, type: u1 }, { id: minute, type: u1 }, { id: hour, type: u1 }, { id: date, type: date }, { type: u1 }]
    instances:
      text:
        value: >-
          f"{date.text}T{(100 + (hour & 31)).to_s.substring(1, 3)}:{(100 + (minute & 63)).to_s.substring(1, 3)}:{(100 + (second & 63)).to_s.substring(1, 3)}"
        valid: { expr: minute < 0x80 and (minute & 63) < 60 and (hour & 31) < 24 and (second & 63) < 60 }

  # ---- the fixed data structure ----

  fixed:
    seq:
      - { id: identification, type: bcd(4), -fairlead-omit: true }
      - { id: access, type: u1 }
      - { id: status, type: u1 }
      - { id: unit_1, type: u1, -fairlead-omit: true }
      - { id: unit_2, type: u1, -fairlead-omit: true }
      - { id: counter_1, type: 'counter(unit_1, 0)', -fairlead-omit: true }
      - { id: counter_2, type: 'counter(historic ? unit_1 : unit_2, historic.to_i)', -fairlead-omit: true }
    instances:
      id: { value: '(100000000 + identification.n).to_s.substring(1, 9)' }
      medium: { value: unit_1 >> 6 | unit_2 >> 6 << 2, enum: medium }
      historic:
        doc: The second counter is what the first one was on the due day.
        value: (unit_2 & 0x3f) == 0x3e
        -fairlead-omit: true
      records: { value: '[counter_1, counter_2]' }
  counter:
    -fairlead-optional: true
    params: [{ id: coded, type: u1 }, { id: storage_number, type: u1 }]
    seq:
      - id: count
        -fairlead-omit: true
        type:
          switch-on: _parent.status & 1
          cases:
            0: bcd(4)
            1: whole_4
    instances:
      code: { value: coded & 0x3f, -fairlead-omit: true }
      storage: { value: '(_parent.status >> 1 & 1) | storage_number' }
      unit:
        value: >-
          code < 2 ? "" : code < 0x0b ? "Wh" : code < 0x14 ? "J" : code < 0x1d ? "W" : code < 0x26 ? "J/h" :
          code < 0x2f ? "m3" : code < 0x38 ? "m3/h" : code == 0x38 ? "Cel" : ""
        valid: { expr: _.length > 0 }
      exponent:
        value: >-
          code < 2 ? 0 : code < 0x0b ? code - 2 : code < 0x14 ? code - 8 : code < 0x1d ? code - 0x14 :
          code < 0x26 ? code - 0x1a : code < 0x2f ? code - 0x2c : code < 0x38 ? code - 0x35 : code == 0x38 ? -3 : 0
        -fairlead-omit: true
      value:
        value: >-
          exponent == 0 ? count.n : exponent < 0 ? count.n / (("1" + "000000000000".substring(0, -exponent)).to_i * 1.0) :
          count.n * ("1" + "000000000000".substring(0, exponent)).to_i
-fairlead:
  framing:
    - start: [0xe5]
      fixed: 1
    - start: [0x10]
      fixed: 5
      end: [0x16]
      checksum: { algorithm: sum8, at: -2, from: 1, to: -2 }
    - start: [0x68]
      length-field: { offset: 1, size: 1, again-at: 2, counts: rest, adjust: 4 }
      end: [0x16]
      checksum: { algorithm: sum8, at: -2, from: 4, to: -2 }
  max: 261
  heartbeat:
    when: start != start::long
  path: "/meters/mbus/{long.body.id}"
  emit: long.body
  on-error: resync
