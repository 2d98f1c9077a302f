meta:
  id: j1939_message
  title: What parameter groups of SAE J1939 and NMEA 2000 mean
  endian: le
  bit-endian: le
  encoding: ASCII
doc: |
  The data of one message, by the number of its group. Numbers are in the units of the standards (radians, metres,
  kelvins, pascals; for J1939 degrees Celsius, kilometres, litres); what a device marks as not available or in error,
  the highest values of a field, is left out. A group that is not known stays bytes.

  To add a group, name it in "group", give it a type and its line under "cases".
params:
  - { id: pgn, type: u4 }
seq:
  - id: content
    size-eos: true
    type:
      switch-on: pgn
      cases:
        127245: rudder
        127250: vessel_heading
        127251: rate_of_turn
        127257: attitude
        127488: engine_rapid
        127489: engine_dynamic
        127505: fluid_level
        127508: battery_status
        128259: speed
        128267: water_depth
        128275: distance_log
        129025: position_rapid
        129026: course_and_speed_rapid
        129029: gnss_position
        129033: time_and_date
        126992: system_time
        130306: wind
        130310: environment_outside
        130311: environment
        130312: temperature
        130313: humidity
        130314: pressure
        130316: temperature_extended
        61443: electronic_engine_2
        61444: electronic_engine_1
        65217: distance_high_resolution
        65253: engine_hours
        65257: fuel_consumption
        65262: engine_temperature
        65263: engine_pressure
        65265: cruise_control_and_speed
        65266: fuel_economy
        65271: vehicle_electrical_power
        65276: dash_display
        65260: vehicle_identification
instances:
  name:
    value: pgn
    enum: group
    valid: { in-enum: true }
    -fairlead-optional: true
  message:
    value: content
types:

  # ---- NMEA 2000 ----

  rudder:
    -fairlead-optional: true
    seq:
      - { id: instance, type: u1 }
      - { id: direction_order_wire, type: b3, -fairlead-omit: true }
      - { type: b5 }
      - { id: angle_order_wire, type: s2, -fairlead-omit: true }
      - { id: position_wire, type: s2, -fairlead-omit: true }
    instances:
      direction_order: { value: direction_order_wire, valid: { max: 6 } }
      angle_order: { value: angle_order_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      position: { value: position_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
  vessel_heading:
    doc: The reference is true or magnetic north.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: heading_wire, type: u2, -fairlead-omit: true }
      - { id: deviation_wire, type: s2, -fairlead-omit: true }
      - { id: variation_wire, type: s2, -fairlead-omit: true }
      - { id: reference_code, type: b2, -fairlead-omit: true }
    instances:
      heading: { value: heading_wire, valid: { max: 65532 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      deviation: { value: deviation_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      variation: { value: variation_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      reference: { value: reference_code, enum: reference, valid: { in-enum: true } }
  rate_of_turn:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: rate_wire, type: s4, -fairlead-omit: true }
    instances:
      rate: { value: rate_wire, valid: { max: 2147483644 }, -fairlead-scale: 0.00000003125, -fairlead-unit: rad/s }
  attitude:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: yaw_wire, type: s2, -fairlead-omit: true }
      - { id: pitch_wire, type: s2, -fairlead-omit: true }
      - { id: roll_wire, type: s2, -fairlead-omit: true }
    instances:
      yaw: { value: yaw_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      pitch: { value: pitch_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      roll: { value: roll_wire, valid: { max: 32764 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
  engine_rapid:
    -fairlead-optional: true
    seq:
      - { id: instance, type: u1 }
      - { id: speed_wire, type: u2, -fairlead-omit: true }
      - { id: boost_pressure_wire, type: u2, -fairlead-omit: true }
      - { id: tilt_wire, type: s1, -fairlead-omit: true }
    instances:
      speed: { value: speed_wire, valid: { max: 65532 }, -fairlead-scale: 0.25, -fairlead-unit: rpm }
      boost_pressure: { value: boost_pressure_wire, valid: { max: 65532 }, -fairlead-scale: 100, -fairlead-unit: Pa }
      tilt: { value: tilt_wire, valid: { max: 124 }, -fairlead-unit: '%' }
  engine_dynamic:
    doc: A fast packet. Alarms are bits.
    -fairlead-optional: true
    seq:
      - { id: instance, type: u1 }
      - { id: oil_pressure_wire, type: u2, -fairlead-omit: true }
      - { id: oil_temperature_wire, type: u2, -fairlead-omit: true }
      - { id: temperature_wire, type: u2, -fairlead-omit: true }
      - { id: alternator_voltage_wire, type: s2, -fairlead-omit: true }
      - { id: fuel_rate_wire, type: s2, -fairlead-omit: true }
      - { id: hours_wire, type: u4, -fairlead-omit: true }
      - { id: coolant_pressure_wire, type: u2, -fairlead-omit: true }
      - { id: fuel_pressure_wire, type: u2, -fairlead-omit: true }
      - { type: u1 }
      - { id: alarms_1, type: u2 }
      - { id: alarms_2, type: u2 }
      - { id: load_wire, type: s1, -fairlead-omit: true }
      - { id: torque_wire, type: s1, -fairlead-omit: true }
    instances:
      oil_pressure: { value: oil_pressure_wire, valid: { max: 65532 }, -fairlead-scale: 100, -fairlead-unit: Pa }
      oil_temperature: { value: oil_temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.1, -fairlead-unit: K }
      temperature: { value: temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
      alternator_voltage: { value: alternator_voltage_wire, valid: { max: 32764 }, -fairlead-scale: 0.01, -fairlead-unit: V }
      fuel_rate: { value: fuel_rate_wire, valid: { max: 32764 }, -fairlead-scale: 0.1, -fairlead-unit: L/h }
      hours: { value: hours_wire, valid: { max: 4294967292 }, -fairlead-unit: s }
      coolant_pressure: { value: coolant_pressure_wire, valid: { max: 65532 }, -fairlead-scale: 100, -fairlead-unit: Pa }
      fuel_pressure: { value: fuel_pressure_wire, valid: { max: 65532 }, -fairlead-scale: 1000, -fairlead-unit: Pa }
      load: { value: load_wire, valid: { max: 124 }, -fairlead-unit: '%' }
      torque: { value: torque_wire, valid: { max: 124 }, -fairlead-unit: '%' }
  fluid_level:
    -fairlead-optional: true
    seq:
      - { id: instance, type: b4 }
      - { id: fluid_code, type: b4, -fairlead-omit: true }
      - { id: level_wire, type: s2, -fairlead-omit: true }
      - { id: capacity_wire, type: u4, -fairlead-omit: true }
    instances:
      fluid: { value: fluid_code, enum: fluid, valid: { in-enum: true } }
      level: { value: level_wire, valid: { max: 32764 }, -fairlead-scale: 0.004, -fairlead-unit: '%' }
      capacity: { value: capacity_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.1, -fairlead-unit: L }
  battery_status:
    -fairlead-optional: true
    seq:
      - { id: instance, type: u1 }
      - { id: voltage_wire, type: s2, -fairlead-omit: true }
      - { id: current_wire, type: s2, -fairlead-omit: true }
      - { id: temperature_wire, type: u2, -fairlead-omit: true }
    instances:
      voltage: { value: voltage_wire, valid: { max: 32764 }, -fairlead-scale: 0.01, -fairlead-unit: V }
      current: { value: current_wire, valid: { max: 32764 }, -fairlead-scale: 0.1, -fairlead-unit: A }
      temperature: { value: temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
  speed:
    doc: Through the water and over ground.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: water_wire, type: u2, -fairlead-omit: true }
      - { id: ground_wire, type: u2, -fairlead-omit: true }
    instances:
      water: { value: water_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: m/s }
      ground: { value: ground_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: m/s }
  water_depth:
    doc: Below the transducer; the offset to the surface is positive, to the keel negative.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: depth_wire, type: u4, -fairlead-omit: true }
      - { id: offset_wire, type: s2, -fairlead-omit: true }
    instances:
      depth: { value: depth_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.01, -fairlead-unit: m }
      offset: { value: offset_wire, valid: { max: 32764 }, -fairlead-scale: 0.001, -fairlead-unit: m }
  distance_log:
    doc: A fast packet.
    -fairlead-optional: true
    seq:
      - { id: date_wire, type: u2, -fairlead-omit: true }
      - { id: time_wire, type: u4, -fairlead-omit: true }
      - { id: log_wire, type: u4, -fairlead-omit: true }
      - { id: trip_wire, type: u4, -fairlead-omit: true }
    instances:
      date: { value: date_wire, valid: { max: 65532 }, -fairlead-unit: d }
      time: { value: time_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.0001, -fairlead-unit: s }
      log: { value: log_wire, valid: { max: 4294967292 }, -fairlead-unit: m }
      trip: { value: trip_wire, valid: { max: 4294967292 }, -fairlead-unit: m }
  position_rapid:
    -fairlead-optional: true
    seq:
      - { id: latitude_wire, type: s4, -fairlead-omit: true }
      - { id: longitude_wire, type: s4, -fairlead-omit: true }
    instances:
      latitude: { value: latitude_wire, valid: { max: 2147483644 }, -fairlead-scale: 0.0000001, -fairlead-unit: lat }
      longitude: { value: longitude_wire, valid: { max: 2147483644 }, -fairlead-scale: 0.0000001, -fairlead-unit: lon }
  course_and_speed_rapid:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: reference_code, type: b2, -fairlead-omit: true }
      - { type: b6 }
      - { id: course_wire, type: u2, -fairlead-omit: true }
      - { id: speed_wire, type: u2, -fairlead-omit: true }
    instances:
      reference: { value: reference_code, enum: reference, valid: { in-enum: true } }
      course: { value: course_wire, valid: { max: 65532 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      speed: { value: speed_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: m/s }
  gnss_position:
    doc: A fast packet. Days since 1970-01-01, seconds since midnight.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: date_wire, type: u2, -fairlead-omit: true }
      - { id: time_wire, type: u4, -fairlead-omit: true }
      - { id: latitude_wire, type: s8, -fairlead-omit: true }
      - { id: longitude_wire, type: s8, -fairlead-omit: true }
      - { id: altitude_wire, type: s8, -fairlead-omit: true }
      - { id: system_code, type: b4, -fairlead-omit: true }
      - { id: method_code, type: b4, -fairlead-omit: true }
      - { id: integrity_wire, type: b2, -fairlead-omit: true }
      - { type: b6 }
      - { id: satellites, type: u1 }
      - { id: hdop_wire, type: s2, -fairlead-omit: true }
      - { id: pdop_wire, type: s2, -fairlead-omit: true }
      - { id: geoid_separation_wire, type: s4, -fairlead-omit: true }
    instances:
      date: { value: date_wire, valid: { max: 65532 }, -fairlead-unit: d }
      time: { value: time_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.0001, -fairlead-unit: s }
      latitude: { value: latitude_wire, valid: { max: 9223372036854775804 }, -fairlead-scale: 0.0000000000000001, -fairlead-unit: lat }
      longitude: { value: longitude_wire, valid: { max: 9223372036854775804 }, -fairlead-scale: 0.0000000000000001, -fairlead-unit: lon }
      altitude: { value: altitude_wire, valid: { max: 9223372036854775804 }, -fairlead-scale: 0.000001, -fairlead-unit: m }
      system: { value: system_code, enum: system, valid: { in-enum: true } }
      method: { value: method_code, enum: method, valid: { in-enum: true } }
      integrity: { value: integrity_wire, valid: { max: 1 } }
      hdop: { value: hdop_wire, valid: { max: 32764 }, -fairlead-scale: 0.01 }
      pdop: { value: pdop_wire, valid: { max: 32764 }, -fairlead-scale: 0.01 }
      geoid_separation: { value: geoid_separation_wire, valid: { max: 2147483644 }, -fairlead-scale: 0.01, -fairlead-unit: m }
  time_and_date:
    doc: Days since 1970-01-01, seconds since midnight, minutes of the local zone.
    -fairlead-optional: true
    seq:
      - { id: date_wire, type: u2, -fairlead-omit: true }
      - { id: time_wire, type: u4, -fairlead-omit: true }
      - { id: zone_wire, type: s2, -fairlead-omit: true }
    instances:
      date: { value: date_wire, valid: { max: 65532 }, -fairlead-unit: d }
      time: { value: time_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.0001, -fairlead-unit: s }
      zone: { value: zone_wire, valid: { max: 32764 }, -fairlead-unit: min }
  system_time:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: source, type: b4 }
      - { type: b4 }
      - { id: date_wire, type: u2, -fairlead-omit: true }
      - { id: time_wire, type: u4, -fairlead-omit: true }
    instances:
      date: { value: date_wire, valid: { max: 65532 }, -fairlead-unit: d }
      time: { value: time_wire, valid: { max: 4294967292 }, -fairlead-scale: 0.0001, -fairlead-unit: s }
  wind:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: speed_wire, type: u2, -fairlead-omit: true }
      - { id: angle_wire, type: u2, -fairlead-omit: true }
      - { id: reference_code, type: b3, -fairlead-omit: true }
    instances:
      speed: { value: speed_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: m/s }
      angle: { value: angle_wire, valid: { max: 65532 }, -fairlead-scale: 0.0001, -fairlead-unit: rad }
      reference: { value: reference_code, enum: wind_reference, valid: { in-enum: true } }
  environment_outside:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: water_temperature_wire, type: u2, -fairlead-omit: true }
      - { id: air_temperature_wire, type: u2, -fairlead-omit: true }
      - { id: pressure_wire, type: u2, -fairlead-omit: true }
    instances:
      water_temperature: { value: water_temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
      air_temperature: { value: air_temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
      pressure: { value: pressure_wire, valid: { max: 65532 }, -fairlead-scale: 100, -fairlead-unit: Pa }
  environment:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: temperature_source, type: b6 }
      - { id: humidity_source, type: b2 }
      - { id: temperature_wire, type: u2, -fairlead-omit: true }
      - { id: humidity_wire, type: s2, -fairlead-omit: true }
      - { id: pressure_wire, type: u2, -fairlead-omit: true }
    instances:
      temperature: { value: temperature_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
      humidity: { value: humidity_wire, valid: { max: 32764 }, -fairlead-scale: 0.004, -fairlead-unit: '%RH' }
      pressure: { value: pressure_wire, valid: { max: 65532 }, -fairlead-scale: 100, -fairlead-unit: Pa }
  temperature:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: instance, type: u1 }
      - { id: source_code, type: u1, -fairlead-omit: true }
      - { id: actual_wire, type: u2, -fairlead-omit: true }
      - { id: set_wire, type: u2, -fairlead-omit: true }
    instances:
      source: { value: source_code, enum: temperature_source, valid: { in-enum: true } }
      actual: { value: actual_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
      set: { value: set_wire, valid: { max: 65532 }, -fairlead-scale: 0.01, -fairlead-unit: K }
  humidity:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: instance, type: u1 }
      - { id: source, type: u1 }
      - { id: actual_wire, type: s2, -fairlead-omit: true }
      - { id: set_wire, type: s2, -fairlead-omit: true }
    instances:
      actual: { value: actual_wire, valid: { max: 32764 }, -fairlead-scale: 0.004, -fairlead-unit: '%RH' }
      set: { value: set_wire, valid: { max: 32764 }, -fairlead-scale: 0.004, -fairlead-unit: '%RH' }
  pressure:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: instance, type: u1 }
      - { id: source, type: u1 }
      - { id: pressure_wire, type: s4, -fairlead-omit: true }
    instances:
      pressure: { value: pressure_wire, valid: { max: 2147483644 }, -fairlead-scale: 0.1, -fairlead-unit: Pa }
  temperature_extended:
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: instance, type: u1 }
      - { id: source_code, type: u1, -fairlead-omit: true }
      - { id: actual_low, type: u2, -fairlead-omit: true }
      - { id: actual_high, type: u1, -fairlead-omit: true }
      - { id: set_wire, type: u2, -fairlead-omit: true }
    instances:
      source: { value: source_code, enum: temperature_source, valid: { in-enum: true } }
      actual: { value: 'actual_low | actual_high << 16', valid: { max: 16777212 }, -fairlead-scale: 0.001, -fairlead-unit: K }
      set: { value: set_wire, valid: { max: 65532 }, -fairlead-scale: 0.1, -fairlead-unit: K }

  # ---- SAE J1939 ----

  electronic_engine_2:
    doc: EEC2.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: accelerator_wire, type: u1, -fairlead-omit: true }
      - { id: load_wire, type: u1, -fairlead-omit: true }
    instances:
      accelerator: { value: accelerator_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
      load: { value: load_wire, valid: { max: 250 }, -fairlead-unit: '%' }
  electronic_engine_1:
    doc: EEC1. Torques of the reference torque.
    -fairlead-optional: true
    seq:
      - { id: torque_mode_wire, type: b4, -fairlead-omit: true }
      - { type: b4 }
      - { id: demanded_torque_wire, type: u1, -fairlead-omit: true }
      - { id: torque_wire, type: u1, -fairlead-omit: true }
      - { id: speed_wire, type: u2, -fairlead-omit: true }
    instances:
      torque_mode: { value: torque_mode_wire, valid: { max: 14 } }
      demanded_torque: { value: demanded_torque_wire, valid: { max: 250 }, -fairlead-offset: -125, -fairlead-unit: '%' }
      torque: { value: torque_wire, valid: { max: 250 }, -fairlead-offset: -125, -fairlead-unit: '%' }
      speed: { value: speed_wire, valid: { max: 64255 }, -fairlead-scale: 0.125, -fairlead-unit: rpm }
  distance_high_resolution:
    -fairlead-optional: true
    seq:
      - { id: total_wire, type: u4, -fairlead-omit: true }
      - { id: trip_wire, type: u4, -fairlead-omit: true }
    instances:
      total: { value: total_wire, valid: { max: 4211081215 }, -fairlead-scale: 5, -fairlead-unit: m }
      trip: { value: trip_wire, valid: { max: 4211081215 }, -fairlead-scale: 5, -fairlead-unit: m }
  engine_hours:
    -fairlead-optional: true
    seq:
      - { id: hours_wire, type: u4, -fairlead-omit: true }
      - { id: revolutions_wire, type: u4, -fairlead-omit: true }
    instances:
      hours: { value: hours_wire, valid: { max: 4211081215 }, -fairlead-scale: 0.05, -fairlead-unit: h }
      revolutions: { value: revolutions_wire, valid: { max: 4211081215 }, -fairlead-scale: 1000 }
  fuel_consumption:
    -fairlead-optional: true
    seq:
      - { id: trip_wire, type: u4, -fairlead-omit: true }
      - { id: total_wire, type: u4, -fairlead-omit: true }
    instances:
      trip: { value: trip_wire, valid: { max: 4211081215 }, -fairlead-scale: 0.5, -fairlead-unit: L }
      total: { value: total_wire, valid: { max: 4211081215 }, -fairlead-scale: 0.5, -fairlead-unit: L }
  engine_temperature:
    doc: ET1.
    -fairlead-optional: true
    seq:
      - { id: coolant_wire, type: u1, -fairlead-omit: true }
      - { id: fuel_wire, type: u1, -fairlead-omit: true }
      - { id: oil_wire, type: u2, -fairlead-omit: true }
      - { id: turbocharger_oil_wire, type: u2, -fairlead-omit: true }
      - { id: intercooler_wire, type: u1, -fairlead-omit: true }
    instances:
      coolant: { value: coolant_wire, valid: { max: 250 }, -fairlead-offset: -40, -fairlead-unit: Cel }
      fuel: { value: fuel_wire, valid: { max: 250 }, -fairlead-offset: -40, -fairlead-unit: Cel }
      oil: { value: oil_wire, valid: { max: 64255 }, -fairlead-scale: 0.03125, -fairlead-offset: -273, -fairlead-unit: Cel }
      turbocharger_oil: { value: turbocharger_oil_wire, valid: { max: 64255 }, -fairlead-scale: 0.03125, -fairlead-offset: -273, -fairlead-unit: Cel }
      intercooler: { value: intercooler_wire, valid: { max: 250 }, -fairlead-offset: -40, -fairlead-unit: Cel }
  engine_pressure:
    doc: EFL/P1.
    -fairlead-optional: true
    seq:
      - { id: fuel_delivery_wire, type: u1, -fairlead-omit: true }
      - { type: u1 }
      - { id: oil_level_wire, type: u1, -fairlead-omit: true }
      - { id: oil_wire, type: u1, -fairlead-omit: true }
      - { type: u2 }
      - { id: coolant_wire, type: u1, -fairlead-omit: true }
      - { id: coolant_level_wire, type: u1, -fairlead-omit: true }
    instances:
      fuel_delivery: { value: fuel_delivery_wire, valid: { max: 250 }, -fairlead-scale: 4, -fairlead-unit: kPa }
      oil_level: { value: oil_level_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
      oil: { value: oil_wire, valid: { max: 250 }, -fairlead-scale: 4, -fairlead-unit: kPa }
      coolant: { value: coolant_wire, valid: { max: 250 }, -fairlead-scale: 2, -fairlead-unit: kPa }
      coolant_level: { value: coolant_level_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
  cruise_control_and_speed:
    doc: CCVS.
    -fairlead-optional: true
    seq:
      - { type: u1 }
      - { id: speed_wire, type: u2, -fairlead-omit: true }
      - { id: cruise_active_wire, type: b2, -fairlead-omit: true }
      - { type: b2 }
      - { id: brake_wire, type: b2, -fairlead-omit: true }
      - { id: clutch_wire, type: b2, -fairlead-omit: true }
      - { type: u1 }
      - { id: set_speed_wire, type: u1, -fairlead-omit: true }
    instances:
      speed: { value: speed_wire, valid: { max: 64255 }, -fairlead-scale: 0.00390625, -fairlead-unit: km/h }
      cruise_active: { value: cruise_active_wire, valid: { max: 1 } }
      brake: { value: brake_wire, valid: { max: 1 } }
      clutch: { value: clutch_wire, valid: { max: 1 } }
      set_speed: { value: set_speed_wire, valid: { max: 250 }, -fairlead-unit: km/h }
  fuel_economy:
    doc: LFE.
    -fairlead-optional: true
    seq:
      - { id: fuel_rate_wire, type: u2, -fairlead-omit: true }
      - { id: economy_wire, type: u2, -fairlead-omit: true }
      - { id: average_economy_wire, type: u2, -fairlead-omit: true }
      - { id: throttle_wire, type: u1, -fairlead-omit: true }
    instances:
      fuel_rate: { value: fuel_rate_wire, valid: { max: 64255 }, -fairlead-scale: 0.05, -fairlead-unit: L/h }
      economy: { value: economy_wire, valid: { max: 64255 }, -fairlead-scale: 0.001953125, -fairlead-unit: km/L }
      average_economy: { value: average_economy_wire, valid: { max: 64255 }, -fairlead-scale: 0.001953125, -fairlead-unit: km/L }
      throttle: { value: throttle_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
  vehicle_electrical_power:
    doc: VEP.
    -fairlead-optional: true
    seq:
      - { id: current_wire, type: u1, -fairlead-omit: true }
      - { id: alternator_current_wire, type: u1, -fairlead-omit: true }
      - { id: charging_voltage_wire, type: u2, -fairlead-omit: true }
      - { id: battery_voltage_wire, type: u2, -fairlead-omit: true }
    instances:
      current: { value: current_wire, valid: { max: 250 }, -fairlead-offset: -125, -fairlead-unit: A }
      alternator_current: { value: alternator_current_wire, valid: { max: 250 }, -fairlead-unit: A }
      charging_voltage: { value: charging_voltage_wire, valid: { max: 64255 }, -fairlead-scale: 0.05, -fairlead-unit: V }
      battery_voltage: { value: battery_voltage_wire, valid: { max: 64255 }, -fairlead-scale: 0.05, -fairlead-unit: V }
  dash_display:
    -fairlead-optional: true
    seq:
      - { id: washer_level_wire, type: u1, -fairlead-omit: true }
      - { id: fuel_level_wire, type: u1, -fairlead-omit: true }
    instances:
      washer_level: { value: washer_level_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
      fuel_level: { value: fuel_level_wire, valid: { max: 250 }, -fairlead-scale: 0.4, -fairlead-unit: '%' }
  vehicle_identification:
    doc: VI.
    -fairlead-optional: true
    seq:
      - { id: vin, type: str, terminator: 0x2a, eos-error: false }
enums:
  group:
    61443: electronic_engine_2
    61444: electronic_engine_1
    65217: distance_high_resolution
    65253: engine_hours
    65257: fuel_consumption
    65260: vehicle_identification
    65262: engine_temperature
    65263: engine_pressure
    65265: cruise_control_and_speed
    65266: fuel_economy
    65271: vehicle_electrical_power
    65276: dash_display
    126992: system_time
    127245: rudder
    127250: vessel_heading
    127251: rate_of_turn
    127257: attitude
    127488: engine_rapid
    127489: engine_dynamic
    127505: fluid_level
    127508: battery_status
    128259: speed
    128267: water_depth
    128275: distance_log
    129025: position_rapid
    129026: course_and_speed_rapid
    129029: gnss_position
    129033: time_and_date
    130306: wind
    130310: environment_outside
    130311: environment
    130312: temperature
    130313: humidity
    130314: pressure
    130316: temperature_extended
  reference:
    0: "true"
    1: magnetic
  wind_reference:
    0: true_north
    1: magnetic_north
    2: apparent
    3: true_boat
    4: true_water
  fluid:
    0: fuel
    1: fresh_water
    2: waste_water
    3: live_well
    4: oil
    5: black_water
  system:
    0: gps
    1: glonass
    2: gps_and_glonass
    3: gps_and_sbas
    4: gps_sbas_and_glonass
    5: chayka
    6: integrated
    7: surveyed
    8: galileo
  method:
    0: no_fix
    1: gnss
    2: differential
    3: precise
    4: rtk_fixed
    5: rtk_float
    6: estimated
    7: manual
    8: simulated
  temperature_source:
    0: sea
    1: outside
    2: inside
    3: engine_room
    4: main_cabin
    5: live_well
    6: bait_well
    7: refrigerator
    8: heating
    9: dew_point
    10: apparent_wind_chill
    11: theoretical_wind_chill
    12: heat_index
    13: freezer
    14: exhaust_gas
    15: shaft_seal
