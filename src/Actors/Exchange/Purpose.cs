namespace MoeActors.Actors.Exchange;

/// <summary>What a data frame carries: which step of the protocol it belongs to.</summary>
public enum Purpose : byte
{
    /// <summary>Token rows from a rank to an expert shard.</summary>
    Dispatch = 1,

    /// <summary>Expert outputs back to the rank.</summary>
    Combine = 2,

    /// <summary>Gradients of expert outputs from the rank to the shard.</summary>
    CombineGradient = 3,

    /// <summary>Gradients of token rows from the shard back to the rank.</summary>
    DispatchGradient = 4,

    /// <summary>A piece of a reduce-scatter of gradients.</summary>
    GradientPiece = 5,

    /// <summary>A piece of an all-gather of weights.</summary>
    WeightPiece = 6,

    /// <summary>A unit's reduced gradient, for the copy of the unit that the receiving node holds.</summary>
    CopyGradient = 7,

    /// <summary>Asks for a unit's state, or for its range of the weights.</summary>
    StateRequest = 8,

    /// <summary>A piece of what was asked for.</summary>
    StatePiece = 9,
}

/// <summary>What a frame is to the connection itself.</summary>
public enum FrameKind : byte
{
    /// <summary>Carries meta and payload for an endpoint.</summary>
    Data = 1,

    /// <summary>Carries only the cumulative credit of its header.</summary>
    Credit = 2,

    /// <summary>Says that the sender waits for credit: whatever was released is to be returned at once.</summary>
    CreditRequest = 3,
}
