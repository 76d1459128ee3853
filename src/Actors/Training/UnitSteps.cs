namespace MoeActors.Actors.Training;

/// <summary>
/// Optimizer steps applied to a unit (Adam's bias correction). One number, unless experts were restored from different versions: then each has its own. Used on the compute lane.
/// </summary>
internal sealed class UnitSteps
{
    private readonly Dictionary<int, long> own = [];
    private long all;

    /// <summary>Steps of one expert; -1: of the dense part.</summary>
    public long this[int expert]
    {
        get => own.GetValueOrDefault(expert, all);
        set => own[expert] = value;
    }

    /// <summary>Sets all of them.</summary>
    public void SetAll(long steps)
    {
        own.Clear();
        all = steps;
    }

    /// <summary>One more update.</summary>
    public void Advance()
    {
        all++;
        foreach (int expert in own.Keys)
        {
            own[expert]++;
        }
    }
}
