using System.Net;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>What an object store refused, or that it cannot be reached: one sentence, without any secret.</summary>
public sealed class ObjectStoreException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The sentence.</param>
    /// <param name="status">HTTP status; null when there was no answer.</param>
    /// <param name="inner">What lies below.</param>
    public ObjectStoreException(string message, HttpStatusCode? status = null, Exception? inner = null)
        : base(message, inner) => Status = status;

    /// <summary>HTTP status of the answer; null when there was none.</summary>
    public HttpStatusCode? Status { get; }
}
