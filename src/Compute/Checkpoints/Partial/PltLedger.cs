using System.Text.Json;
using System.Text.Json.Serialization;

using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>
/// The Proportion of Lost Tokens (MoC, Eq. 7) by real counts. A token is lost for an expert's state when it was routed to the expert in the surviving history, up to the
/// recovery point c*, and the state, restored from an older version, has not learned from it. Tokens after c* are replayed, hence not lost; they leave the history with the rollback.
/// <para>
/// Every expert has a counter of the tokens routed to it in the surviving history, and of those its parameters and its moments have not seen; a mark keeps a copy of the counters at a
/// step that is a version of something restorable. A recovery takes the routed counter from c* and what the state has seen from its version. Lost is the difference, so no run of
/// faults counts a token twice, a second recovery to the same c* counts nothing, and one that goes further back takes back what is now replayed. Pure data: each change gives a new ledger.
/// </para>
/// </summary>
public sealed record PltLedger
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = false,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    /// <summary>The present counts: by ordinal of the MoE layer, by expert.</summary>
    public required IReadOnlyList<IReadOnlyList<ExpertTokens>> Tokens { get; init; }

    /// <summary>Copies of the counts at earlier steps, ascending.</summary>
    public IReadOnlyList<PltMark> Marks { get; init; } = [];

    /// <summary>The ledger of a run that has done nothing, marked at step 0.</summary>
    /// <param name="layers">MoE layers.</param>
    /// <param name="experts">Experts of each.</param>
    public static PltLedger Empty(int layers, int experts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(experts, 1);
        return new PltLedger { Tokens = [.. Enumerable.Repeat(new ExpertTokens[experts], layers)] }.Mark(0);
    }

    /// <summary>One step was decided and its update applied; <paramref name="routed"/> is by MoE layer and expert, over all ranks, drops not counted. A skipped step teaches nobody anything and is not added.</summary>
    public PltLedger Add(IReadOnlyList<IReadOnlyList<long>> routed)
    {
        ArgumentNullException.ThrowIfNull(routed);
        return this with { Tokens = Each((layer, expert) => Tokens[layer][expert].Add(routed[layer][expert])) };
    }

    /// <summary>Keeps the present counts as those of step <paramref name="step"/>, of which something is saved now. Marking a step again replaces its counts.</summary>
    public PltLedger Mark(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return Marks is [.., { Step: var newest }] && newest > step
            ? throw new InvalidOperationException($"the counts of step {step} cannot be marked after those of step {newest}: roll back first")
            : this with { Marks = [.. Marks.Where(m => m.Step < step), new PltMark(step, Tokens)] };
    }

    /// <summary>Keeps the marks of <paramref name="steps"/> alone: all that are recovery points, or versions of something restorable.</summary>
    public PltLedger KeepMarks(IEnumerable<long> steps)
    {
        var kept = steps.ToHashSet();
        return this with { Marks = [.. Marks.Where(m => kept.Contains(m.Step))] };
    }

    /// <summary>
    /// The state went back to step <paramref name="cStar"/>, each expert to its <paramref name="versions"/> (by MoE layer, by expert), none newer than c* (RC-1). Marks after c*
    /// are dropped; that of c* becomes what is live there now. Throws when a mark is missing.
    /// </summary>
    public PltLedger Recover(long cStar, IReadOnlyList<IReadOnlyList<ExpertVersion>> versions)
    {
        ArgumentNullException.ThrowIfNull(versions);
        var marks = Marks.ToDictionary(m => m.Step, m => m.Tokens);
        IReadOnlyList<IReadOnlyList<ExpertTokens>> At(long step) => step > cStar
            ? throw new InvalidOperationException($"RC-1: version {step} is newer than the recovery point {cStar}")
            : marks.TryGetValue(step, out IReadOnlyList<IReadOnlyList<ExpertTokens>>? counts) ? counts : throw NoMark(step);

        IReadOnlyList<IReadOnlyList<ExpertTokens>> point = At(cStar);
        PltLedger back = this with
        {
            Marks = [.. Marks.Where(m => m.Step < cStar)],
            Tokens = Each((layer, expert) => point[layer][expert].Restored(
                At(versions[layer][expert].Parameters)[layer][expert], At(versions[layer][expert].Moments)[layer][expert])),
        };
        return back.Mark(cStar);
    }

    /// <summary>
    /// By MoE layer and expert: tokens its present state has learned from since <paramref name="versions"/>, its last saved ones; of the two classes the larger. The load of
    /// <see cref="PecSelection"/>. Throws when a mark is missing.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<long>> Unsaved(IReadOnlyList<IReadOnlyList<ExpertVersion>> versions)
    {
        ArgumentNullException.ThrowIfNull(versions);
        var marks = Marks.ToDictionary(m => m.Step, m => m.Tokens);
        long Since(int layer, int expert, StateClass state)
        {
            long version = versions[layer][expert].Of(state);
            ExpertTokens then = marks.TryGetValue(version, out IReadOnlyList<IReadOnlyList<ExpertTokens>>? counts) ? counts[layer][expert] : throw NoMark(version);
            return Math.Max(0, Tokens[layer][expert].Seen(state) - then.Seen(state));
        }

        return Each((layer, expert) => Math.Max(Since(layer, expert, StateClass.Parameters), Since(layer, expert, StateClass.Moments)));
    }

    /// <summary>Tokens lost so far, by ordinal of the MoE layer.</summary>
    public IReadOnlyList<long> Lost(StateClass state) => [.. Tokens.Select(layer => layer.Sum(e => e.Lost(state)))];

    /// <summary>Eq. 7: the mean over MoE layers of lost tokens / (T·TopK), T = <paramref name="totalTokens"/> planned for the whole run. Drops for capacity do not shorten the denominator.</summary>
    public double Plt(StateClass state, long totalTokens, int topK) => Lost(state).Average() / ((double)totalTokens * topK);

    /// <summary>Eq. 7 for the class of state that lost more.</summary>
    public double Plt(long totalTokens, int topK) => Math.Max(Plt(StateClass.Parameters, totalTokens, topK), Plt(StateClass.Moments, totalTokens, topK));

    /// <summary>Writes the ledger as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads a ledger; throws <see cref="CheckpointException"/> when it is none, or one that cannot be.</summary>
    public static PltLedger FromJson(string json, string source = "PLT ledger")
    {
        try
        {
            PltLedger ledger = JsonSerializer.Deserialize<PltLedger>(json, Options) ?? throw new JsonException("it is empty");
            return ledger.Consistent() ? ledger : throw new JsonException("its counts contradict each other");
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{source}: not a PLT ledger of this version: {e.Message}", e);
        }
    }

    /// <summary>Equal in counts and marks.</summary>
    public bool Equals(PltLedger? other) => other is not null && Same(Tokens, other.Tokens)
        && Marks.Count == other.Marks.Count && Marks.Zip(other.Marks).All(p => p.First.Step == p.Second.Step && Same(p.First.Tokens, p.Second.Tokens));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tokens.Count, Marks.Count, Tokens[0][0]);

    private static bool Same(IReadOnlyList<IReadOnlyList<ExpertTokens>> one, IReadOnlyList<IReadOnlyList<ExpertTokens>> other) =>
        one.Count == other.Count && one.Zip(other).All(layer => layer.First.SequenceEqual(layer.Second));

    private static InvalidOperationException NoMark(long step) => new($"the PLT ledger has no counts of step {step}: the marks of all restorable versions must be kept");

    private bool Consistent()
    {
        bool Fits(IReadOnlyList<IReadOnlyList<ExpertTokens>> counts) =>
            counts.Count == Tokens.Count && counts.All(layer => layer is not null && layer.Count == Tokens[0].Count && layer.All(e => e.Possible));

        return Tokens.Count > 0 && Tokens[0] is { Count: > 0 } && Fits(Tokens)
            && Marks.All(m => m is { Step: >= 0, Tokens: not null } && Fits(m.Tokens)) && Marks.Zip(Marks.Skip(1)).All(p => p.First.Step < p.Second.Step);
    }

    private T[][] Each<T>(Func<int, int, T> count) =>
        [.. Enumerable.Range(0, Tokens.Count).Select(layer => Enumerable.Range(0, Tokens[layer].Count).Select(expert => count(layer, expert)).ToArray())];
}
