using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

/// <summary>A run in which every token has a name, beside the ledger that only counts them.</summary>
internal sealed class TokenModel
{
    private static readonly StateClass[] Classes = [StateClass.Parameters, StateClass.Moments];

    private readonly int layers;
    private readonly int experts;
    private readonly List<List<(int Layer, int Expert, int Token)>> history = [];
    private readonly Dictionary<(int, int, StateClass), HashSet<int>> live = [];
    private readonly Dictionary<(int, int, StateClass), SortedDictionary<int, HashSet<int>>> saved = [];
    private readonly SortedSet<int> points = [0];
    private PltLedger ledger;
    private int tokens;

    public TokenModel(int layers, int experts)
    {
        (this.layers, this.experts, ledger) = (layers, experts, PltLedger.Empty(layers, experts));
        foreach ((int l, int e, StateClass c) state in States())
        {
            (live[state], saved[state]) = ([], new() { [0] = [] });
        }
    }

    /// <summary>A step that routes up to 3 tokens to each expert.</summary>
    public void Step(int choice)
    {
        var random = new Random(choice);
        var step = new List<(int, int, int)>();
        long[][] routed = [.. Enumerable.Range(0, layers).Select(_ => new long[experts])];
        for (int i = 0; i < layers * experts; i++)
        {
            (int layer, int expert) = (i / experts, i % experts);
            routed[layer][expert] = random.Next(4);
            for (long t = 0; t < routed[layer][expert]; t++)
            {
                step.Add((layer, expert, ++tokens));
                Array.ForEach(Classes, c => live[(layer, expert, c)].Add(tokens));
            }
        }

        history.Add(step);
        ledger = ledger.Add(routed);
    }

    /// <summary>A checkpoint of the present step that saves some of the states.</summary>
    public void Checkpoint(int choice)
    {
        var random = new Random(choice);
        points.Add(history.Count);
        foreach ((int, int, StateClass) state in States().Where(_ => random.Next(2) == 0))
        {
            saved[state][history.Count] = [.. live[state]];
        }

        ledger = ledger.Mark(history.Count);
    }

    /// <summary>A fault that destroys some versions for ever and goes back to the newest checkpoint, or to any.</summary>
    public void Fault(int choice, bool newest)
    {
        var random = new Random(choice);
        int point = newest ? points.Max : points.ElementAt(random.Next(points.Count));
        points.RemoveWhere(p => p > point);
        history.RemoveRange(point, history.Count - point);
        foreach ((int, int, StateClass) state in States())
        {
            foreach (int version in saved[state].Keys.Where(v => v > point || (v > 0 && random.Next(3) == 0)).ToArray())
            {
                saved[state].Remove(version);
            }

            live[state] = [.. saved[state].Last().Value];
        }

        ExpertVersion Version(int layer, int expert) =>
            new(saved[(layer, expert, StateClass.Parameters)].Last().Key, saved[(layer, expert, StateClass.Moments)].Last().Key);
        ledger = ledger.Recover(point, [.. Enumerable.Range(0, layers).Select(l => Enumerable.Range(0, experts).Select(e => Version(l, e)).ToArray())]);
    }

    /// <summary>The ledger's counts are those of the named tokens.</summary>
    public void Check()
    {
        foreach ((int layer, int expert, StateClass c) in States())
        {
            int[] routed = [.. history.SelectMany(s => s).Where(t => t.Layer == layer && t.Expert == expert).Select(t => t.Token)];
            Assert.Equal(routed.Length, ledger.Tokens[layer][expert].Routed);
            Assert.Equal(routed.Except(live[(layer, expert, c)]).Count(), ledger.Tokens[layer][expert].Lost(c));
            Assert.True(ledger.Tokens[layer][expert].Possible);
        }
    }

    private IEnumerable<(int, int, StateClass)> States() =>
        from layer in Enumerable.Range(0, layers) from expert in Enumerable.Range(0, experts) from c in Classes select (layer, expert, c);
}
