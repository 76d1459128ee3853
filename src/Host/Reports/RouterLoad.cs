namespace MoeActors.Host.Reports;

/// <summary>PURE: what a step says about its routers.</summary>
public static class RouterLoad
{
    /// <summary>Choices of the most chosen expert of a layer over the mean: 1 = even. NaN where nobody chose.</summary>
    public static double MaxOverMean(IReadOnlyList<long> load) => load.Count == 0 || load.Sum() == 0 ? double.NaN : load.Max() * (double)load.Count / load.Sum();

    /// <summary>Entropy of a layer's load over that of an even one: 1 = even, 0 = all to one. NaN where nobody chose, or where there is one expert.</summary>
    public static double Entropy(IReadOnlyList<long> load)
    {
        double all = load.Sum();
        return load.Count < 2 || all == 0 ? double.NaN : -load.Where(n => n > 0).Sum(n => n / all * Math.Log(n / all)) / Math.Log(load.Count);
    }

    /// <summary>The load of the last <paramref name="steps"/> steps that recorded one, summed: by MoE layer and expert. Empty where none did.</summary>
    public static IReadOnlyList<IReadOnlyList<long>> Recent(IReadOnlyList<StepLine> lines, int steps)
    {
        IReadOnlyList<IReadOnlyList<long>>[] loads = [.. lines.Reverse().Select(l => l.Load).OfType<IReadOnlyList<IReadOnlyList<long>>>().Take(steps)];
        return loads.Length == 0 ? [] : [.. loads[0].Select((layer, m) => layer.Select((_, e) => loads.Sum(l => l[m][e])).ToArray())];
    }
}
