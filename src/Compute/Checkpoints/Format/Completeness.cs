namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>
/// CK-1's tiling, as a pure function: the entries' ranges cover every (layer, expert, tensor, slot) exactly once. Looks at no file.
/// Pieces of one tensor's slot are all of one version: a mixture would be a state that never was.
/// </summary>
public static class Completeness
{
    /// <summary>Everything wrong, in the order of the expected tensors, unknown entries last; empty when complete.</summary>
    public static IReadOnlyList<CompletenessProblem> Check(IEnumerable<ExpectedTensor> expected, IEnumerable<CheckpointEntry> entries)
    {
        Dictionary<(string Tensor, string Slot), List<CheckpointEntry>> found = entries
            .GroupBy(e => (e.Tensor, e.Slot))
            .ToDictionary(g => g.Key, g => g.OrderBy(e => e.Begin).ThenBy(e => e.Count).ToList());
        var problems = new List<CompletenessProblem>();
        foreach (ExpectedTensor t in expected)
        {
            foreach (string slot in t.Slots)
            {
                found.Remove((t.Name, slot), out List<CheckpointEntry>? pieces);
                Tile(t, slot, pieces ?? [], problems);
            }
        }

        foreach (CheckpointEntry e in found.Values.SelectMany(l => l))
        {
            problems.Add(new(CompletenessFault.Unknown, e.Tensor, e.Slot, e.Layer, e.Expert, e.Begin, e.End, $"{e.Name} in {e.File}: the model has no such tensor or slot (or lists it twice)"));
        }

        return problems;
    }

    private static void Tile(ExpectedTensor t, string slot, List<CheckpointEntry> pieces, List<CompletenessProblem> problems)
    {
        void Add(CompletenessFault fault, long begin, long end, string message) =>
            problems.Add(new(fault, t.Name, slot, t.Layer, t.Expert, begin, end, $"layer {t.Layer}, expert {t.Expert}, {t.Name}@{slot}: {message}"));

        long total = ElementTypes.Count(t.Shape), next = 0;
        CheckpointEntry? last = null;
        foreach (CheckpointEntry e in pieces)
        {
            if (Mismatch(t, e, total, last) is { } mismatch)
            {
                Add(CompletenessFault.Mismatch, e.Begin, e.End, $"[{e.Begin}:{e.End}] in {e.File}: {mismatch}");
                continue;
            }

            if (e.Begin > next)
            {
                Add(CompletenessFault.Missing, next, e.Begin, $"elements [{next}:{e.Begin}] are missing");
            }
            else if (e.Begin < next)
            {
                Add(CompletenessFault.Overlap, e.Begin, Math.Min(next, e.End), $"elements [{e.Begin}:{Math.Min(next, e.End)}] are in {last?.File} and again in {e.File}");
            }

            if (e.End > next)
            {
                (next, last) = (e.End, e);
            }
        }

        if (next < total)
        {
            Add(CompletenessFault.Missing, next, total, $"elements [{next}:{total}] are missing");
        }
    }

    private static string? Mismatch(ExpectedTensor t, CheckpointEntry e, long total, CheckpointEntry? last) => e switch
    {
        _ when e.Layer != t.Layer || e.Expert != t.Expert => $"it is filed under layer {e.Layer}, expert {e.Expert}",
        _ when !e.Shape.AsSpan().SequenceEqual(t.Shape) => $"shape [{string.Join(", ", e.Shape)}], expected [{string.Join(", ", t.Shape)}]",
        _ when e.Begin < 0 || e.Count < 1 || e.Begin > total - e.Count => $"the tensor has {total} elements",
        _ when last is not null && e.Dtype != last.Dtype => $"dtype {e.Dtype} beside {last.Dtype}",
        _ when last is not null && e.Version != last.Version => $"version {e.Version} beside {last.Version}",
        _ => null,
    };
}
