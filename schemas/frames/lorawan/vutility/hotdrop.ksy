# Vutility HotDrop, a clamp-on ammeter.
meta:
  id: hotdrop
  title: Vutility HotDrop
  endian: be
seq:
  - { id: packet, contents: [50] }
  - { id: charge, type: u4, -fairlead-scale: 0.1, -fairlead-unit: Ah }
  - { id: average, type: u2, -fairlead-scale: 0.1, -fairlead-unit: A }
  - { id: above, type: u1, -fairlead-unit: '%' }
  - { id: below, type: u1, -fairlead-unit: '%' }
  - { id: capacitor, type: u1 }
  - { id: temperature, type: u1 }
  - { id: end, size-eos: true, valid: '[].as<bytes>' }
-fairlead:
  emit:
    ampHourAccumulation: charge
    averageAmps: average
    maximumAmps: { $value: average * (100 + above), $scale: 0.001 }
    minimumAmps: { $value: average * (100 - below), $scale: 0.001 }
    capacitorVoltage: 5.0 / 255.0 * capacitor
    temperatureCelsius: 120.0 / 255.0 * temperature - 40
