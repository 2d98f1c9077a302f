# Dragino LDDS75, ultrasonic distance.
meta:
  id: ldds75
  title: Dragino LDDS75
  endian: be
params:
  - { id: f_port, type: u1 }
seq:
  - { id: reserved, type: b2, -fairlead-omit: true }
  - { id: battery, type: b14, -fairlead-scale: 0.001, -fairlead-unit: V, -fairlead-name: Bat }
  - { id: distance, type: u2, -fairlead-unit: mm }
  - { id: interrupt, type: u1 }
  - { id: temperature, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }
  - { id: sensor, type: u1 }
-fairlead:
  emit:
    Bat: battery
    Distance: { $if: distance != 0 and distance != 20, $value: distance,
                $else: 'distance == 0 ? "No Sensor" : "Invalid Reading"' }
    Interrupt_flag: interrupt
    # A text of two places behind the point: 0.1 degrees are one of them.
    TempC_DS18B20: '(temperature < 0 ? "-" : "") + (magnitude / 10).to_s + "." + (magnitude % 10).to_s + "0"'
    Sensor_flag: sensor
instances:
  magnitude: { value: 'temperature < 0 ? -temperature : temperature', -fairlead-omit: true }
