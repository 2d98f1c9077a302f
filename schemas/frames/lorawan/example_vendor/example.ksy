# The smallest payload there is: one byte, a temperature.
meta:
  id: example
seq:
  - { id: temp, type: u1, -fairlead-unit: Cel }
