# Decentlab DL-LID.
meta:
  id: dl_lid
  title: Decentlab DL-LID
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 11 }]
    -fairlead-emit:
      distance_average: { displayName: '"Distance: average"', value: 'x[0]', unit: '"mm"' }
      distance_minimum: { displayName: '"Distance: minimum"', value: 'x[1]', unit: '"mm"' }
      distance_maximum: { displayName: '"Distance: maximum"', value: 'x[2]', unit: '"mm"' }
      distance_median: { displayName: '"Distance: median"', value: 'x[3]', unit: '"mm"' }
      distance_10th_percentile: { displayName: '"Distance: 10th percentile"', value: 'x[4]', unit: '"mm"' }
      distance_25th_percentile: { displayName: '"Distance: 25th percentile"', value: 'x[5]', unit: '"mm"' }
      distance_75th_percentile: { displayName: '"Distance: 75th percentile"', value: 'x[6]', unit: '"mm"' }
      distance_90th_percentile: { displayName: '"Distance: 90th percentile"', value: 'x[7]', unit: '"mm"' }
      distance_most_frequent_value: { displayName: '"Distance: most frequent value"', value: 'x[8]', unit: '"mm"' }
      number_of_samples: { displayName: '"Number of samples"', value: 'x[9]' }
      total_acquisition_time: { displayName: '"Total acquisition time"', value: 'x[10] / 1.024', unit: '"ms"' }
