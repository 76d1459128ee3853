using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>What a gate is, for people and for who must know before it runs.</summary>
/// <param name="Name">Its name in settings.</param>
/// <param name="Formula">What it computes, on a line.</param>
/// <param name="Paper">Where it comes from.</param>
public sealed record GateInfo(string Name, string Formula, string Paper)
{
    /// <summary>Experts of a token: "k", or what varies.</summary>
    public string PerToken { get; init; } = "k";

    /// <summary>Whether a token's experts depend on it and the ones before it alone. With one that is not causal no text can be generated token by token.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>What it decides over: "token", or "group" (the routing group).</summary>
    public string Scope { get; init; } = "token";

    /// <summary>What of it is trained; empty = nothing.</summary>
    public string Trains { get; init; } = "router";

    /// <summary>State it carries from step to step (<see cref="IStateRule"/>); empty = none.</summary>
    public string State { get; init; } = "";

    /// <summary>Whether it carries state: the step's decision then carries the load.</summary>
    public bool KeepsState => State.Length > 0;

    /// <summary>Auxiliary losses that go with it, where settings name none.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];

    /// <summary>Auxiliary losses that work against it, and why.</summary>
    public IReadOnlyDictionary<string, string> Refuses { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys of model.moe it goes by, of those that not every gate reads (<see cref="GateOptions"/>).</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}
