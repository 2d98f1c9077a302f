# Vutility PulseDrop, a pulse counter for meters.
meta:
  id: pulsedrop
  title: Vutility PulseDrop
  endian: be
seq:
  - { id: packet, contents: [28] }
  - { id: capacitor, type: u1 }
  - { id: temperature, type: u1 }
  - { id: pulses, type: u4 }
  - { id: reserved, size: 3 }
  - { id: errors, type: u1 }
  - { id: end, size-eos: true, valid: '[].as<bytes>' }
-fairlead:
  emit:
    pulseCount: pulses
    capacitorVoltage: 5.0 / 255.0 * capacitor
    temperatureCelsius: 120.0 / 255.0 * temperature - 40
