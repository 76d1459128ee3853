namespace MoeActors.Compute.Data;

/// <summary>Samples [First, First + Count) that one committed step contributed.</summary>
public readonly record struct SampleRange(long First, long Count);

/// <summary>
/// DA-1 checked against what really happened, independently of the ledger: the ranges come from the records of the surviving history's steps.
/// </summary>
/// <param name="Contributed">Distinct samples that contributed.</param>
/// <param name="Lost">Expected samples that did not.</param>
/// <param name="Repeated">Contributions beyond the first of a sample.</param>
public sealed record SampleAudit(long Contributed, long Lost, long Repeated)
{
    /// <summary>Whether every sample contributed exactly once.</summary>
    public bool Clean => Lost == 0 && Repeated == 0;

    /// <summary>Audits <paramref name="ranges"/>, in any order, against the expected samples 0 … <paramref name="expected"/> - 1.</summary>
    public static SampleAudit Of(IEnumerable<SampleRange> ranges, long expected)
    {
        long covered = 0, inside = 0, repeated = 0, reached = 0;
        foreach (SampleRange range in ranges.Where(r => r.Count > 0).OrderBy(r => r.First))
        {
            long end = range.First + range.Count, begin = Math.Max(range.First, reached);
            long fresh = Math.Max(0, end - begin);
            covered += fresh;
            inside += Math.Max(0, Math.Min(end, expected) - Math.Min(begin, expected));
            repeated += range.Count - fresh;
            reached = Math.Max(reached, end);
        }

        return new SampleAudit(covered, expected - inside, repeated);
    }
}
