namespace MoeActors.Actors.State;

/// <summary>
/// Optimizer steps applied to a unit (Adam's bias correction). One number, unless experts were restored from different versions: then each has its own. Used on the compute thread.
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

    /// <summary>All of it as integers: of all, then expert and steps of each that has its own; each step count as two words.</summary>
    public int[] Pack()
    {
        var words = new List<int> { (int)all, (int)(all >> 32) };
        foreach ((int expert, long steps) in own.OrderBy(o => o.Key))
        {
            words.AddRange([expert, (int)steps, (int)(steps >> 32)]);
        }

        return [.. words];
    }

    /// <summary>Takes over what <see cref="Pack"/> wrote; false when it cannot be that.</summary>
    public bool Unpack(ReadOnlySpan<int> words)
    {
        if (words.Length < 2 || (words.Length - 2) % 3 != 0)
        {
            return false;
        }

        SetAll((uint)words[0] | ((long)words[1] << 32));
        for (int i = 2; i < words.Length; i += 3)
        {
            own[words[i]] = (uint)words[i + 1] | ((long)words[i + 2] << 32);
        }

        return true;
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
