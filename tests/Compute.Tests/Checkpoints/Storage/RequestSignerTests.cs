using System.Net;

using CsCheck;

using MoeActors.Compute.Checkpoints.Storage.ObjectStores;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

/// <summary>The pure parts of an object store's client.</summary>
public sealed class RequestSignerTests
{
    /// <summary>The worked examples of AWS's own documentation of Signature Version 4 for S3.</summary>
    [Theory]
    [InlineData("lifecycle", "", null, null, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("prefix", "J", "max-keys", "2", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void The_documented_examples_come_out(string name, string value, string? name2, string? value2, string signature)
    {
        var options = new ObjectStoreOptions { AccessKey = "AKIAIOSFODNN7EXAMPLE", SecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
        string query = RequestSigner.Query(name2 is null ? [(name, value)] : [(name, value), (name2, value2!)]);
        var headers = RequestSigner.Headers(
            options, "GET", "examplebucket.s3.amazonaws.com", "/", query, RequestSigner.EmptyPayload, new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}",
            headers.Single(h => h.Name == "Authorization").Value);
    }

    [Fact]
    public void Without_an_access_key_nothing_is_signed() =>
        Assert.DoesNotContain(RequestSigner.Headers(new ObjectStoreOptions(), "GET", "h", "/", "", RequestSigner.EmptyPayload, DateTimeOffset.UnixEpoch), h => h.Name == "Authorization");

    [Fact]
    public void Pauses_double_up_to_ten_seconds_and_chance_takes_at_most_half() => Gen.Select(Gen.Int[1, 40], Gen.Double[0, 0.999]).Sample((attempt, chance) =>
    {
        TimeSpan first = TimeSpan.FromMilliseconds(200), pause = RetryRule.Pause(attempt, first, chance), longest = RetryRule.Pause(attempt, first, 0);
        Assert.InRange(pause.TotalMilliseconds, longest.TotalMilliseconds / 2, longest.TotalMilliseconds);
        Assert.Equal(Math.Min(10_000, 200 * Math.Pow(2, attempt - 1)), longest.TotalMilliseconds, 1);
    });

    [Fact]
    public void The_servers_failures_may_pass_and_refusals_do_not()
    {
        Assert.All([HttpStatusCode.InternalServerError, HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable, HttpStatusCode.TooManyRequests, HttpStatusCode.Conflict], s => Assert.True(RetryRule.MayPass(s)));
        Assert.All([HttpStatusCode.Forbidden, HttpStatusCode.BadRequest, HttpStatusCode.NotImplemented, HttpStatusCode.NotFound], s => Assert.False(RetryRule.MayPass(s)));
    }

    [Fact]
    public void An_object_is_cut_into_at_most_ten_thousand_parts_of_at_most_the_configured_size_where_that_is_enough() =>
        Gen.Select(Gen.Long[0, 8L << 40], Gen.Long[5 << 20, 1 << 30]).Sample((length, configured) =>
        {
            long part = PartPlan.PartBytes(length, configured);
            Assert.InRange(part, 1, Math.Max(1, length));
            Assert.True(part * PartPlan.MostParts >= length);
            Assert.True(part <= configured || length > configured * PartPlan.MostParts);
        });

    [Theory]
    [InlineData("s3://bucket", "bucket", "")]
    [InlineData("s3://my-bucket.1/runs/a=b/", "my-bucket.1", "runs/a=b")]
    public void A_location_is_bucket_and_prefix(string text, string bucket, string prefix)
    {
        ObjectLocation location = ObjectLocation.Parse(text)!;
        Assert.Equal((bucket, prefix), (location.Bucket, location.Prefix));
        Assert.Equal(text.TrimEnd('/'), location.ToString());
        Assert.Equal($"{text.TrimEnd('/')}/run-7", location.Below("run-7").ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/folder")]
    [InlineData("s3://")]
    [InlineData("s3:///prefix")]
    [InlineData("s3://Bucket/a")]
    [InlineData("s3://bucket/../a")]
    [InlineData("s3://bucket//a")]
    [InlineData("s3://bucket/a b")]
    [InlineData("gs://bucket/a")]
    public void What_is_no_location_is_null(string text) => Assert.Null(ObjectLocation.Parse(text));
}
