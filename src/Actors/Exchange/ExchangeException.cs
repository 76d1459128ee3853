namespace MoeActors.Actors.Exchange;

/// <summary>The exchange cannot do what its settings or its peer ask; the message is for the user.</summary>
public class ExchangeException : Exception
{
    /// <summary>An exception with a user-ready message.</summary>
    public ExchangeException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a user-ready message and its cause.</summary>
    public ExchangeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Why a connection was refused.</summary>
internal enum RefusalCode : byte
{
    /// <summary>The peers speak different versions of the protocol.</summary>
    OtherVersion = 1,

    /// <summary>The peers do not share the secret.</summary>
    WrongSecret = 2,

    /// <summary>The peers belong to different runs.</summary>
    OtherRun = 3,

    /// <summary>The listening peer does not (yet) list the dialling one; tried again.</summary>
    NotListed = 4,

    /// <summary>The listening peer is another incarnation than the table says.</summary>
    OtherIncarnation = 5,

    /// <summary>A message of the handshake was malformed.</summary>
    Malformed = 6,
}

/// <summary>A connection was refused, by either side.</summary>
internal sealed class ExchangeRefusedException(RefusalCode code, string message) : ExchangeException(message)
{
    /// <summary>Why.</summary>
    public RefusalCode Code => code;
}
