using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.State;

/// <summary>Which step a unit's state, or a copy of it, is of: all that a recovery decides by.</summary>
internal interface IHeldState
{
    /// <summary>Ordinal in the run's unit order.</summary>
    int Ordinal { get; }

    /// <summary>Completed steps it is of; -1: never restored, incomplete, or torn in the middle of an update.</summary>
    long Step { get; }

    /// <summary>Whether the reduced gradient of step <see cref="Step"/> is here too: decided, it makes the state of one step more (ST-1).</summary>
    bool HasGradient { get; }
}

/// <summary>A unit that a device computes with.</summary>
internal interface IHeldUnit : IHeldState, IDisposable
{
    /// <summary>Its name.</summary>
    UnitId Id { get; }

    /// <summary>By participant: completed steps that its range of the weights is of; -1: unknown.</summary>
    long[] Ranges { get; }

    /// <summary>State and own range of the weights are those after <paramref name="step"/> completed steps; -1: torn.</summary>
    void IsAt(long step);

    /// <summary>The gradient is used, or of a step that is computed again.</summary>
    void DropReduced();
}

/// <summary>The copy of another node's unit.</summary>
internal interface IHeldCopy : IHeldState, IDisposable
{
    /// <summary>The gradient is of a step that is computed again.</summary>
    void DropGradient();
}
