using System.Diagnostics;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Training;

/// <summary>How far a step is on one device (ST-1): reports in, decision known, updates done, dense weights put together.</summary>
/// <param name="step">The step.</param>
/// <param name="units">Units that live on the device.</param>
/// <param name="ranks">Logical ranks of the run: each sends a range of the new dense weights.</param>
internal sealed class StepProgress(long step, int units, int ranks)
{
    private readonly List<RankReport> rankReports = [];
    private readonly List<UnitReport> unitReports = [];
    private int unitsUpdated, densePieces;

    public long Step => step;

    /// <summary>Stopwatch timestamp of its beginning.</summary>
    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>What the device's ranks computed.</summary>
    public IReadOnlyList<RankReport> Ranks => rankReports;

    /// <summary>Norms of its units' reduced gradients.</summary>
    public IReadOnlyList<UnitReport> Units => unitReports;

    /// <summary>The decision, once it is known.</summary>
    public StepDecision? Decision { get; private set; }

    /// <summary>Time computing stood still for a checkpoint.</summary>
    public double StallMs { get; set; }

    /// <summary>A unit's gradient is reduced; true with the last of them.</summary>
    public bool Reduced(UnitReport unit, RankReport? rank)
    {
        unitReports.Add(unit);
        if (rank is not null)
        {
            rankReports.Add(rank);
        }

        return IsReduced;
    }

    /// <summary>Whether the gradients of all units are reduced.</summary>
    public bool IsReduced => unitReports.Count == units;

    /// <summary>Whether the coordinator was told so.</summary>
    public bool IsReported { get; private set; }

    /// <summary>ST-1: true once, when the gradients of all units are reduced and those of all copies held here have come: the step is to be reported now.</summary>
    public bool Report(bool covered)
    {
        bool now = IsReduced && covered && !IsReported;
        IsReported |= now;
        return now;
    }

    /// <summary>Takes the step's decision; false when it is of another step, or known already.</summary>
    public bool Decide(StepDecision decision)
    {
        if (decision.Step != step || Decision is not null)
        {
            return false;
        }

        Decision = decision;
        return true;
    }

    /// <summary>A unit is updated.</summary>
    public void Updated(UnitKind kind)
    {
        unitsUpdated++;
        densePieces += kind == UnitKind.Dense ? 1 : 0;
    }

    /// <summary>Whether all units that live here are updated.</summary>
    public bool IsUpdated => unitsUpdated >= units;

    /// <summary>A remote rank's range of the new dense weights is in its place.</summary>
    public void DensePiece() => densePieces++;

    /// <summary>Whether the device's state is that of the next step.</summary>
    public bool IsDone => Decision is not null && densePieces >= ranks && IsUpdated;
}
