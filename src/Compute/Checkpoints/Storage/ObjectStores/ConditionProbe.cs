using System.Net;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>Finds out whether a server honours conditional puts: one that ignores them answers as if all went well (CK-1 would hang on luck).</summary>
internal static class ConditionProbe
{
    /// <summary>Throws <see cref="ObjectStoreException"/> unless the server refuses a second If-None-Match put and a put with a wrong If-Match.</summary>
    public static void Demand(ObjectClient client, ObjectLocation location)
    {
        string key = location.Key($".probe-{Guid.NewGuid():N}");
        try
        {
            HttpStatusCode first = Put(client, key, ("If-None-Match", "*"));
            HttpStatusCode again = Put(client, key, ("If-None-Match", "*"));
            HttpStatusCode other = Put(client, key, ("If-Match", "\"00000000000000000000000000000000\""));
            if (first != HttpStatusCode.OK || again != HttpStatusCode.PreconditionFailed || other != HttpStatusCode.PreconditionFailed)
            {
                throw Ignored(location);
            }
        }
        catch (ObjectStoreException e) when (e.Status == HttpStatusCode.NotImplemented)
        {
            throw Ignored(location);
        }
        finally
        {
            client.Send(new ObjectRequest(HttpMethod.Delete, key)).Dispose();
        }
    }

    private static HttpStatusCode Put(ObjectClient client, string key, (string, string) condition)
    {
        var request = new ObjectRequest(HttpMethod.Put, key) { Body = "probe"u8.ToArray(), Headers = [condition] };
        using HttpResponseMessage answer = client.Send(request);
        return answer.StatusCode == HttpStatusCode.NotFound ? throw client.Refused(request, answer) : answer.StatusCode;
    }

    private static ObjectStoreException Ignored(ObjectLocation location) => new(
        $"{location}: this server ignores conditional puts (If-None-Match, If-Match), so two coordinators could publish over each other; "
        + "expected a server that honours them, or checkpoint.s3.conditional-put = lock (docs/operations.md says what that gives up)");
}
