namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>A checkpoint that cannot be written, published, read or trusted. The message is one sentence for the user: the thing, what was expected and the remedy.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the exception from one ready sentence.</summary>
    public CheckpointException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception from one ready sentence and what the operating system said.</summary>
    public CheckpointException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Whether the file is sound but of a newer build: it must be kept, not treated as broken.</summary>
    public bool NewerSchema { get; init; }
}
