using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>
/// The forms of the balance loss that differ from <see cref="BalanceLoss"/> by what they count or by a constant: each under its own name, for a coefficient of one means nothing in another.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="formula">What it computes.</param>
/// <param name="paper">Where it comes from.</param>
/// <param name="usual">Its usual coefficient.</param>
/// <param name="of">Its value: the caller's scope's.</param>
public sealed class BalanceForm(string name, string formula, string paper, double usual, Func<GateOutput, RoutingPlan, RoutingGroup, Tensor> of) : IAuxiliaryLoss
{
    /// <summary>Which layers can have it: null or what they lack.</summary>
    public Func<MoeSpec, string?> Needs { get; init; } = static _ => null;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Formula => formula;

    /// <inheritdoc/>
    public string Paper => paper;

    /// <inheritdoc/>
    public double PaperCoefficient => usual;

    /// <inheritdoc/>
    public string? Lacks(MoeSpec moe) => Needs(moe);

    /// <inheritdoc/>
    public Tensor Of(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        ArgumentNullException.ThrowIfNull(gate);
        using DisposeScope scope = NewDisposeScope();
        return of(gate, plan, group).MoveToOuterDisposeScope();
    }
}

/// <summary>All of them.</summary>
internal static class BalanceForms
{
    private const string Switch = "Switch 2101.03961", Cheap = "MoE++ 2410.07348", DeepSeek = "DeepSeek-V2 2405.04434";

    // MoE++: what a zero-computation expert's load weighs beside that of a true one.
    private const double CheapWeight = 0.75;

    public static IReadOnlyList<IAuxiliaryLoss> All { get; } =
    [
        new BalanceForm("balance-switch", "N·Σ f·P, f of first choices", Switch, 0.01, (g, _, _) => FirstChoices(g)),
        new BalanceForm("balance-hf", "k·N·Σ f·P, f of all choices", "Hugging Face Mixtral", 0.001, (g, p, _) => BalanceLoss.Of(g.Scores, p.Routed, g.Choices.Tokens)),
        new BalanceForm("balance-gshard", "1/N·Σ f·P, f of first choices", "GShard 2006.16668", 0.01, (g, _, _) => FirstChoices(g).Over((double)g.Scores.size(1) * g.Scores.size(1))),
        new BalanceForm("balance-sequence", "N·Σ f·P of each sequence, mean over them", "DeepSeek-V2 2405.04434, V3 2412.19437", 1e-4, (g, _, r) => BySequence(g, r)),
        new BalanceForm("balance-device", "Σ_D mean_D(f)·ΣP_D over groups of experts, of each sequence", DeepSeek, 0.05, (g, _, r) => ByDevice(g, r)),
        new BalanceForm("balance-communication", "D/M·Σ_D (share of tokens sent to D)·ΣP_D, of each sequence", DeepSeek, 0.02, (g, _, r) => Communication(g, r)),
        new BalanceForm("balance-null", "N·Σ f·P over experts and nulls, f of nulls their mean", "AdaMoE 2406.13233", 0.01, (g, p, r) => WithNulls(g, p, r))
        {
            Needs = m => m.Gate.NullExperts > 0 ? null : "a model.moe.gate with null experts",
        },
        new BalanceForm("balance-cheap", "N·Σ η·f·P, η = 0.75 for zero-computation experts", Cheap, 0.01, (g, p, r) => WithCheap(g, p, r))
        {
            Needs = m => m.Gate.Free > m.Gate.NullExperts ? null : "a model.moe.gate with zero-computation experts",
        },
        new BalanceForm("skywork", "Σ (1/N - P)²", "Skywork-MoE 2406.06563", 0.01, (g, _, _) => SquaredDeviation(g)),
    ];

    private static Tensor FirstChoices(GateOutput gate)
    {
        int[] first = Counts.First(gate.Choices, (int)gate.Scores.size(1));
        return BalanceLoss.Of(gate.Scores, first, first.Sum());
    }

    // f_e = N/c·n_e of the sequence's own c choices.
    private static Tensor BySequence(GateOutput gate, RoutingGroup group) => PerSequence(gate, group, counts => Shares(counts, counts.Length));

    private static Tensor ByDevice(GateOutput gate, RoutingGroup group)
    {
        int[] of = group.Groups();
        return PerSequence(gate, group, counts =>
        {
            double[] shares = Shares(counts, group.Moe.Experts), sum = new double[group.GroupCount];
            int[] size = new int[sum.Length];
            for (int e = 0; e < of.Length; e++)
            {
                sum[of[e]] += shares[e];
                size[of[e]]++;
            }

            return [.. shares.Select((_, e) => e < of.Length ? sum[of[e]] / size[of[e]] : 0)];
        });
    }

    private static Tensor Communication(GateOutput gate, RoutingGroup group)
    {
        int[] of = group.Groups();
        int sequences = Counts.Sequences(gate.Choices, group), length = gate.Choices.Tokens / sequences, targets = (int)gate.Scores.size(1);
        double most = group.Moe.Gate.Groups > 1 ? group.Moe.Gate.KeptGroups : group.GroupCount;
        long[][] sent = [.. Enumerable.Range(0, sequences).Select(_ => new long[group.GroupCount])];
        foreach ((int token, int place) in Enumerable.Range(0, gate.Choices.Count).Where(i => gate.Choices.Expert[i] < of.Length).Select(i => (gate.Choices.Token[i], of[gate.Choices.Expert[i]])).Distinct())
        {
            sent[token / length][place]++;
        }

        double[][] weights = [.. sent.Select(s => Enumerable.Range(0, targets).Select(e => e < of.Length ? group.GroupCount / (most * length) * s[of[e]] : 0).ToArray())];
        return Counts.WeightedBySequence(gate.Scores, sequences, weights);
    }

    private static Tensor PerSequence(GateOutput gate, RoutingGroup group, Func<int[], double[]> weights)
    {
        int sequences = Counts.Sequences(gate.Choices, group);
        int[][] counts = Counts.BySequence(gate.Choices, sequences, (int)gate.Scores.size(1));
        return Counts.WeightedBySequence(gate.Scores, sequences, [.. counts.Select(weights)]);
    }

    private static double[] Shares(int[] counts, int factor)
    {
        double all = counts.Sum();
        return [.. counts.Select(n => all == 0 ? 0 : factor * n / all)];
    }

    private static Tensor WithNulls(GateOutput gate, RoutingPlan plan, RoutingGroup group)
    {
        int experts = group.Moe.Experts;
        double[] shares = Shares(plan.Routed, plan.Routed.Length);
        double mean = shares.Skip(experts).DefaultIfEmpty().Average();
        return Counts.Weighted(gate.Scores, shares.Select((f, e) => e < experts ? f : mean));
    }

    private static Tensor WithCheap(GateOutput gate, RoutingPlan plan, RoutingGroup group) =>
        Counts.Weighted(gate.Scores, Shares(plan.Routed, plan.Routed.Length).Select((f, e) => e < group.Moe.Experts ? f : CheapWeight * f));

    private static Tensor SquaredDeviation(GateOutput gate)
    {
        Tensor mean = gate.Scores.mean([0L]);
        Tensor away = mean.Plus(-1.0 / gate.Scores.size(1));
        return (away * away).sum();
    }
}
