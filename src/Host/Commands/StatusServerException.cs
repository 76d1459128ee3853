using System.Net;

namespace MoeActors.Host.Commands;

/// <summary>The status server cannot start. The message is a sentence for the user.</summary>
public sealed class StatusServerException : Exception
{
    /// <summary>An exception whose <paramref name="message"/> is shown as it is; <paramref name="inner"/> is the cause.</summary>
    public StatusServerException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>An exception whose <paramref name="message"/> is shown as it is.</summary>
    public StatusServerException(string message)
        : base(message)
    {
    }

    /// <summary>An exception without a message of its own.</summary>
    public StatusServerException()
    {
    }
}
