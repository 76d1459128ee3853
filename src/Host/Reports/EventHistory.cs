namespace MoeActors.Host.Reports;

/// <summary>The events of a run, resolved: of records that were appended several times as they grew, the last one, in the place of the first.</summary>
/// <param name="All">Every line, in the order written.</param>
/// <param name="Faults">Faults, one for each id, in the order in which they happened.</param>
/// <param name="Checkpoints">Checkpoints, one for each step and kind, in the order in which they were taken.</param>
/// <param name="Marks">State hashes, one for each step.</param>
/// <param name="Torn">Whether the file ended in a torn line, which was left out.</param>
public sealed record EventHistory(
    IReadOnlyList<RunEvent> All, IReadOnlyList<FaultRecord> Faults, IReadOnlyList<CheckpointRecord> Checkpoints, IReadOnlyList<StateMark> Marks, bool Torn)
{
    /// <summary>Resolves <paramref name="events"/>, in the order written.</summary>
    public static EventHistory Resolve(IReadOnlyList<RunEvent> events, bool torn = false) => new(
        events,
        Last(events, e => e.Fault, f => f.Id),
        Last(events, e => e.Checkpoint, c => (c.Step, c.Kind)),
        Last(events, e => e.Mark, m => m.Step),
        torn);

    private static List<T> Last<T, TKey>(IReadOnlyList<RunEvent> events, Func<RunEvent, T?> content, Func<T, TKey> key)
        where T : class
        where TKey : notnull
    {
        var places = new Dictionary<TKey, int>();
        var records = new List<T>();
        foreach (RunEvent entry in events)
        {
            if (content(entry) is not { } record)
            {
                continue;
            }

            if (places.TryAdd(key(record), records.Count))
            {
                records.Add(record);
            }
            else
            {
                records[places[key(record)]] = record;
            }
        }

        return records;
    }
}
