namespace MoeActors.Compute.Specs;

/// <summary>What is done about a node that computes much slower than the others.</summary>
public enum StragglerPolicy
{
    /// <summary>It is named.</summary>
    Report,

    /// <summary>It gives ranks away at a step boundary: to a spare that is ready, else to the other nodes.</summary>
    Relieve,
}
