namespace MoeActors.Host.Reports;

/// <summary>The surviving history of a run, resolved from the lines of <c>steps.jsonl</c>.</summary>
/// <param name="Steps">Surviving steps, ascending, each once.</param>
/// <param name="Replayed">Committed steps that a later epoch computed again or rolled back.</param>
/// <param name="RecomputedTokens">Tokens of those steps.</param>
/// <param name="Torn">Whether the file ended in a torn line, which was left out.</param>
public sealed record StepHistory(IReadOnlyList<StepLine> Steps, long Replayed, long RecomputedTokens, bool Torn)
{
    /// <summary>One sentence for each line of the file that is damaged, and for the file where it cannot be read.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Newest epoch that a line is of; 0 = none.</summary>
    public long NewestEpoch { get; init; }

    /// <summary>No steps.</summary>
    public static StepHistory Empty { get; } = new([], 0, 0, false);

    /// <summary>
    /// Resolves <paramref name="lines"/>, in the order written. The first line of a later epoch rolls back every earlier line of the same or a later step:
    /// those were replayed. A second line of the same step and epoch replaces the first (a validation loss that came later). A line of an earlier epoch than one
    /// already seen is a straggler and changes nothing (EP-1).
    /// </summary>
    /// <param name="lines">Lines in the order written.</param>
    /// <param name="torn">Passed on to <see cref="Torn"/>.</param>
    /// <param name="committed">Newest step of the surviving history when known; lines above it were rolled back.</param>
    public static StepHistory Resolve(IEnumerable<StepLine> lines, bool torn = false, long committed = long.MaxValue)
    {
        var steps = new List<StepLine>();
        long epoch = long.MinValue, replayed = 0, recomputed = 0;
        foreach (StepLine line in lines)
        {
            if (line.Epoch < epoch)
            {
                continue;
            }

            if (line.Epoch > epoch)
            {
                epoch = line.Epoch;
                RollBack(line.Step);
            }

            int at = Place(steps, line.Step);
            if (at < steps.Count && steps[at].Step == line.Step)
            {
                steps[at] = line;
            }
            else
            {
                steps.Insert(at, line);
            }
        }

        if (committed < long.MaxValue)
        {
            RollBack(committed + 1);
        }

        return new(steps, replayed, recomputed, torn) { NewestEpoch = Math.Max(0, epoch) };

        void RollBack(long from)
        {
            int at = Place(steps, from);
            replayed += steps.Count - at;
            recomputed += steps.Skip(at).Sum(s => s.Tokens);
            steps.RemoveRange(at, steps.Count - at);
        }
    }

    /// <summary>Index of the first entry at or above <paramref name="step"/>; nearly always the end.</summary>
    private static int Place(List<StepLine> steps, long step)
    {
        int at = steps.Count;
        while (at > 0 && steps[at - 1].Step >= step)
        {
            at--;
        }

        return at;
    }
}
