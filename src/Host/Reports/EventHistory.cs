namespace MoeActors.Host.Reports;

/// <summary>The events of a run, resolved: of records that were appended several times as they grew, the last one, in the place of the first.</summary>
/// <param name="All">Every line, in the order written.</param>
/// <param name="Faults">Faults, one for each id, in the order in which they happened.</param>
/// <param name="Checkpoints">Checkpoints, one for each step and kind, in the order in which they were taken.</param>
/// <param name="Marks">State hashes of the surviving history, one for each step, ascending: an epoch that begins at an earlier step takes back those after it.</param>
/// <param name="Torn">Whether the file ended in a torn line, which was left out.</param>
public sealed record EventHistory(
    IReadOnlyList<RunEvent> All, IReadOnlyList<FaultRecord> Faults, IReadOnlyList<CheckpointRecord> Checkpoints, IReadOnlyList<StateMark> Marks, bool Torn)
{
    /// <summary>Type of the event that says from which step an epoch goes on.</summary>
    public const string EpochType = "epoch";

    /// <summary>One sentence for each line of the file that is damaged, and for the file where it cannot be read.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Resolves <paramref name="events"/>, in the order written.</summary>
    public static EventHistory Resolve(IReadOnlyList<RunEvent> events, bool torn = false) => new(
        events,
        Last(events, e => e.Fault, f => f.Id),
        Last(events, e => e.Checkpoint, c => (c.Step, c.Kind)),
        Surviving(events),
        torn);

    private static StateMark[] Surviving(IReadOnlyList<RunEvent> events)
    {
        var marks = new SortedDictionary<long, StateMark>();
        foreach (RunEvent entry in events)
        {
            if (entry is { Type: EpochType, Step: { } restored })
            {
                foreach (long step in marks.Keys.Where(s => s > restored).ToArray())
                {
                    marks.Remove(step);
                }
            }

            if (entry.Mark is { } mark)
            {
                marks[mark.Step] = mark;
            }
        }

        return [.. marks.Values];
    }

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
