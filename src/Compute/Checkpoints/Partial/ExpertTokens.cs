using System.Text.Json.Serialization;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>Token counts of one expert at one step.</summary>
/// <param name="Routed">Tokens routed to it in the surviving history.</param>
/// <param name="LostParameters">Those of them its parameters have not seen.</param>
/// <param name="LostMoments">Those of them its moments have not seen.</param>
public readonly record struct ExpertTokens(long Routed, long LostParameters = 0, long LostMoments = 0)
{
    /// <summary>Whether 0 ≤ lost ≤ routed for both classes.</summary>
    [JsonIgnore]
    public bool Possible => LostParameters >= 0 && LostMoments >= 0 && Math.Max(LostParameters, LostMoments) <= Routed;

    /// <summary>Tokens the expert's state of class <paramref name="state"/> has not seen.</summary>
    public long Lost(StateClass state) => state == StateClass.Parameters ? LostParameters : LostMoments;

    /// <summary>Tokens the expert's state of class <paramref name="state"/> has seen.</summary>
    public long Seen(StateClass state) => Routed - Lost(state);

    /// <summary>Another <paramref name="tokens"/> are routed to the expert, and its state learns from them.</summary>
    public ExpertTokens Add(long tokens) => this with { Routed = Routed + tokens };

    /// <summary>The counts at the recovery point once the expert is restored to the states whose counts are given: what they have not seen is lost.</summary>
    public ExpertTokens Restored(ExpertTokens parameters, ExpertTokens moments) =>
        new(Routed, Routed - parameters.Seen(StateClass.Parameters), Routed - moments.Seen(StateClass.Moments));
}

/// <summary>The counts of all experts at a step.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Tokens">By ordinal of the MoE layer, by expert.</param>
public sealed record PltMark(long Step, IReadOnlyList<IReadOnlyList<ExpertTokens>> Tokens);
